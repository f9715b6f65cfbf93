"""Room: risk. Who needs a look, why, and how sure are we?

Owns    student_features, predictions, training_feedback, model_metadata
Reads   every room's features.sql, as of a date
Verbs   build, train, score, evaluate
Terms   as of a date = with what was known by the close of that day; cohort = enrolled and undecided on that
        day; subject = a student in a section (target "course"), or a student as a whole over the sections
        they are in (target "student"); at risk = such a section ends, strictly after the day, in a fail or
        a withdrawal

What a room's features.sql may rely on. Risk makes three temporary tables (cohort.py), which hold any number
of days at once, and reads back one row per subject of which something is known:

    cohort           subject int, tenant_id, student_id, section_id (null for target "student"), as_of date,
                     since date (the first day of the subject's sections), known_until timestamptz
    cohort_sections  subject int, tenant_id, student_id, section_id, course_code, section_code, starts_on,
                     ends_on, as_of, known_until, enrolled_on, prior_attempts, load_credits, entry_facts: the
                     subject's sections, one for target "course", and its enrollment in each as known then
    cohort_days      as_of date, known_until timestamptz

A query returns ``subject`` and its features, numbers all, under the names in ``catalogue.py``; null means
not known. Only versions of a fact with known_at < known_until <= superseded_at count, history included.
Sums are of integers or numerics, whose order does not matter, so that a fresh import gives the same
features to the last digit.
"""

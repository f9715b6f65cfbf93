"""Room: risk. Who needs a look, why, and how sure are we?

Owns    student_features, predictions, training_feedback, model_metadata
Reads   every room's features.sql, as of a date
Verbs   build, train, score, evaluate
Terms   as of a date = with what was known by the close of that day; cohort = enrolled and undecided on that
        day; subject = a student in a section (target "course"), or a student as a whole over the sections
        they are in (target "student"); at risk = such a section ends, strictly after the day, in a fail or
        a withdrawal
"""

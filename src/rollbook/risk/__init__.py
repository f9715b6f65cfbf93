"""Room: risk. Who needs a look, why, and how sure are we?

Owns    student_features, predictions, training_feedback, model_metadata
Reads   every room's features.sql, as of a date
Verbs   build, train, score, evaluate
Terms   as of a date = with what was known by the close of that day; cohort = enrolled and undecided on that
        day; subject = a student (target "year") or a student in a section (target "course");
        at risk = the course fails or is left, or the year ends off track, strictly after the day
"""

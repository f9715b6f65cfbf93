"""Room: grades. What was set, what was handed in, and how well.

Owns    assignments, grades
Reads   curriculum.sections, roster.students
Verbs   (features.sql: handed in, missing, late, weighted mean, as of a date)
Terms   assignment = a piece of work set to a section; grade = one student's work on it and its mark
"""

"""Room: grades. What was set, what was handed in, and how well.

Owns    assignment_categories, assignments, grades, grade_scales, grade_scale_steps, course_grades, progress
Reads   curriculum.sections, curriculum.courses, roster.students, roster.academic_sessions
Verbs   (features.sql: handed in, missing, late, weighted mean, as of a date)
Terms   assignment = a piece of work set to a section; grade = one student's work on it and its mark
"""

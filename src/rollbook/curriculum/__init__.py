"""Room: curriculum. What is taught, in which sections, who takes it and how it ended.

Owns    courses, sections, course_enrollments, course_outcomes
Reads   roster.schools, roster.students, roster.staff
Verbs   sections_of
Terms   section = one offering of a course, [starts_on, ends_on]; presentation is OULAD's word for it
"""

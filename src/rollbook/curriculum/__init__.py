"""Room: curriculum. What is taught, in which sections, who takes it and how it ended.

Owns    courses, sections, section_staff, section_sessions, course_enrollments, course_outcomes,
        course_prerequisites, learning_standards, course_standards,
        lesson_plans, pe_lesson_plans, lesson_plan_standards
Reads   roster.schools, roster.students, roster.staff, roster.academic_sessions
Verbs   sections_of, list_sections, find_section, class_list; list_courses, find_course, prerequisites_of;
        list_lesson_plans, find_lesson_plan, create_lesson_plan, change_lesson_plan;
        withdraw_student, transfer_student (of the school and its sections), place_in_section
Terms   section = one offering of a course, [starts_on, ends_on]; presentation is OULAD's word for it
"""

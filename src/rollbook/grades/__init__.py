"""Room: grades. What was set, what was handed in, how well, and what it comes to.

Owns    assignment_categories, assignments, grades, grade_scales, grade_scale_steps, grade_rules,
        course_grades, progress
Reads   curriculum.sections, curriculum.courses, curriculum.course_enrollments, roster.students,
        roster.academic_sessions, roster.schools, roster.student_school_enrollments
Verbs   coursework_of; work_grades, record_course_grades; list_gpa, course_grades_of, transcript_of;
        define_scale, add_standard_scale, list_scales, find_scale; set_repeat_policy;
        record_progress, progress_in
        (features.sql: handed in, missing, late, weighted mean, as of a date)
Terms   assignment = a piece of work set to a section; grade = one student's work on it and its mark;
        course grade = the mark for a section in a session, on the transcript if final;
        GPA = the mean of the final course grades' points by the default scale, weighed by credits attempted;
        weighted GPA = with the scale's bonus for honors, advanced placement and dual credit courses passed;
        repeat policy = which tries at a course count: the best (default), the latest, or all;
        no rule erases a line of the transcript, and credit once earned stays;
        progress = how far a student has come in a course, measured on a day
"""

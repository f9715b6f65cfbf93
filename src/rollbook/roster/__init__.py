"""Room: roster. Who is a student where, who works where, and which days are school days.

Owns    schools, academic_sessions, school_calendar_days, staff, staff_assignments,
        students, student_school_enrollments, student_programs, guardians, student_guardians
Reads   accounts.users (which person signs in as which staff member), intake.erased_names
Verbs   find_student, list_students, find_students, profile_of, enrollments_of, programs_of;
        admit_student, enroll_student, withdraw_student, transfer_student; begin_program, end_program;
        add_guardian, link_guardian, unlink_guardian; set_directory_opt_out, directory, undisclosed;
        list_schools, find_school, staff_of_school, grades_of_school;
        calendar_days, instructional_days, sessions_of_year, sessions_on, session_on, school_year_on
Terms   enrollment = a student's time at one school, entry included, exit excluded; primary = the one
        that counts, at most one on any day; caseload = the enrollments that name a staff member as counselor;
        home school = where a staff member is based: their assignments say where they work, and as what;
        directory information = what may be handed out unless the family forbids it (34 CFR 99.3)
"""

"""Room: roster. Who is a student where, who works where, and which days are school days.

Owns    schools, academic_sessions, school_calendar_days, staff, staff_assignments,
        students, student_school_enrollments, student_programs, guardians, student_guardians
Reads   accounts.users (which person signs in as which staff member)
Verbs   find_student, list_students
Terms   enrollment = a student's time at one school, entry included, exit excluded;
        caseload = the enrollments that name a staff member as counselor
"""

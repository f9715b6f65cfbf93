"""Room: attendance. Was the student in school, and how often are they missing?

Owns    attendance_records (a partition per month), attendance_submissions, attendance_rules,
        attendance_loads (while a load is at work), attendance_weeks, attendance_stale_weeks (to be quick)
Reads   roster.schools, roster.students, roster.student_school_enrollments, roster.school_calendar_days,
        roster.academic_sessions; curriculum.sections, curriculum.course_enrollments (the periods of a day)
Verbs   attendance_of, chronic_absence, weekly_rates, refresh_weeks, mark,
        submit_day, submit_through, rule_of, set_rule; class_marks, take_attendance (of a section),
        school_day, close_day
        (features.sql: share of days missed, as of a date)
Terms   period 0 = the whole day; absent and excused both count as missed (ED FS195), tardy does not;
        a day counts = it has a mark, or the school sends exceptions only and its silence means present, which
        rollbook_attendance_days (view attendance_days) says in one place; chronically absent = missed the
        tenant's share of the days that count, of enough of them (by default 10 % of 10 days or more)
"""

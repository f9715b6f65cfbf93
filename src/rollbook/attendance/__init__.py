"""Room: attendance. Was the student in school, and how often are they missing?

Owns    attendance_records (a partition per month), attendance_submissions, attendance_rules
Reads   roster.schools, roster.students
Verbs   (features.sql: share of days missed, as of a date)
Terms   period 0 = the whole day; absent and excused both count as missed (ED FS195), tardy does not;
        chronically absent = missed 10 % of days or more
"""

"""Room: research. What may leave the district without telling of any one student.

Owns    research_projects, research_copies
Reads   roster.students, roster.schools, roster.student_school_enrollments, curriculum.course_outcomes,
        conduct.discipline_incidents, conduct.incident_participants, attendance_days
Verbs   audit_table, suppress_table, deidentify
Terms   suppressed = a count that is printed as a mark such as *, since it is small (primary) or since it
        would give a small one away (complementary);
        given away = it follows exactly, or it can only be small and sums leave few values for it;
        k = as few students share all that others may know of them; l = as few values a class of them has
"""

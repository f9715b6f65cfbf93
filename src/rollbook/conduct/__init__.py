"""Room: conduct. What happened, who took part and how, and what was done about it.

Owns    discipline_incidents, incident_participants, discipline_actions
Reads   roster.students, roster.schools, roster.staff, roster.student_school_enrollments
Verbs   record_incident, add_participant, add_action; incidents_of; list_incidents, count_incidents
        (features.sql: incidents brought about and their severity, as of a date)
Terms   severity level 1 = minor ... 5 = critical; perpetrator = a student who brought an incident about, the
        only role that counts as a sign of risk

Who sees what. Participants and actions are seen with their student. An incident is seen by whoever sees one
who took part in it. Its description may name any of them: a list gives it to district administrators,
principals and counselors, not to teachers; what tells of one student (incidents_of) never gives it. There is
only that student's own part, note and actions, which a family may read.
"""

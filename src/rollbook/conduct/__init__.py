"""Room: conduct. What happened, who took part and how, and what was done about it.

Owns    discipline_incidents, incident_participants, discipline_actions
Reads   roster.students, roster.schools, roster.staff
Verbs   incidents_of (features.sql: incidents brought about and their severity, as of a date)
Terms   severity level 1 = minor ... 5 = critical; perpetrator = a student who brought an incident about, the
        only role that counts as a sign of risk

Who sees what. Participants and actions are seen with their student. An incident is seen by whoever sees one
who took part in it. Its description may name any of them, so nothing that tells of one student gives it: that
has only their own part, note and actions, which a family may read.
"""

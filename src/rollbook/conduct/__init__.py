"""Room: conduct. What happened, how grave it was, and what was done.

Owns    discipline_incidents
Reads   roster.students
Verbs   (features.sql: incidents and their severity, as of a date)
Terms   severity level 1 = minor ... 5 = critical
"""

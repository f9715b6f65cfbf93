"""Room: activity. What a student did: online and, later, in PE.

Owns    analytics_events (a partition per month)
Reads   curriculum.sections, roster.students
Verbs   (features.sql: active days and clicks, as of a date)
Terms   event = something done on a day, with a count; a section without events is unknown, not idle
"""

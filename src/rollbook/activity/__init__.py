"""Room: activity. What a student did: online, in PE and elsewhere.

Owns    activities, student_activity_performances, pe_activity_preferences, routines, routine_activities,
        routine_performance_metrics, fitness_tests, fitness_zones, fitness_results,
        analytics_events, activity_logs (a partition per month)
Reads   accounts.users, curriculum.sections, roster.students
Verbs   (features.sql: active days and clicks, as of a date)
Terms   event = something done on a day, with a count; a section without events is unknown, not idle
"""

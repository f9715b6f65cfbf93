"""Room: activity. What a student did: online, in PE and elsewhere.

Owns    activities, student_activity_performances, pe_activity_preferences, routines, routine_activities,
        routine_performance_metrics, fitness_tests, fitness_zones, fitness_results,
        analytics_events, activity_logs (a partition per month)
Reads   accounts.users, curriculum.courses, curriculum.sections, roster.students
Verbs   activity_of, events_by_day; record_performances, performances_of, improvement_of, list_activities,
        set_preference, preferences_of, record_metrics, metrics_of; define_test, set_zones, record_results,
        fitness_results, zone_shares, list_measured, kept_on; log_activity, read_log, ensure_log_month
        (log_activity is called by reporting.writing for each deed, and by products over Rollbook;
        features.sql: active days and clicks, as of a date)
Terms   event = something done on a day, with a count; a section without events is unknown, not idle;
        zone = below, healthy or above, by the tenant's rule for the test, the sex, and the age in whole years
        on the day of the test; no rule, no zone. The figures of a small group are hidden (zone_shares)
"""

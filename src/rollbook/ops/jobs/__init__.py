"""Part of ops: jobs. What the worker is to do and when, as the schema `operations` keeps it; knows no pupils.

Owns    operations.schedules, operations.procrastinate_* (tables of the library that hands jobs to workers)
Reads   operations.runs, core.settings
Verbs   schedules.chosen, change, due; listing.list_jobs, retry; health.look_over
Terms   schedule = a name, a time in cron's five fields and what is done then;
        slot = one moment that a schedule is due at; of slots that were missed only the latest is made up for;
        job = one slot, or one call by hand, that a worker runs once, and again if it was killed
"""

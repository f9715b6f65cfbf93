"""Door: worker. Does by schedule what rooms and ops offer, and holds no rules of theirs.

Owns    the table of schedules (catalogue.py)
Reads   operations.schedules, operations.procrastinate_* by ops.jobs; every room's verbs
Verbs   running.run, performing.perform, performing.run_now
Terms   as rollbook.ops.jobs says
"""

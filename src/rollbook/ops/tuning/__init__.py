"""Part of ops: tuning. Which statements take the time, which indexes help or hinder, and what to do about it.

Owns    statements.json in home: the counters when `rollbook db slow` was last asked
Reads   pg_stat_statements, the catalogue, PostgreSQL's own counters and statistics
Verbs   statements.take, statements.usage; indexes.look_at; advisor.advise; building.build;
        optimizing.optimize; performance.analyze; logged_plans.seen; health.look_over
Terms   twin = a scratch cluster with the schema, the statistics and the sizes of a real one, without rows;
        gain = the share of a statement's planned cost that an index saves; workload = statements with how
        often they ran
"""

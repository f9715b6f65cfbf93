"""Room: ops.watch. How is the PostgreSQL server, and what should somebody do about it?

Owns    measures of the server in plain SQL, each taken by itself; operations.samples (over time)
Reads   core.checks, ops.runs; PostgreSQL's own statistics and catalogues, no table of pupils
Verbs   take (measures), look_over (health), take_samples (samples), collect (metrics),
        frame (screen), time_queries (queries)
Terms   measure = one query, lost alone where a column or a privilege is missing;
        absent = not in this version of PostgreSQL, which is no fault; costly = not for every scrape
"""

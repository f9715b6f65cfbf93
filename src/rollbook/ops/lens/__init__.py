"""Lens: what a migration would do to those who read and write meanwhile, seen before it is done.

Owns    nothing: a scratch server is made, looked at and removed
Reads   the catalogue and statistics of the database, never a row
Verbs   explaining.explain, observing.observe, statements.split
Terms   effect = locks, rewrites, reads and builds of one statement, observed on an empty copy of the schema;
        stall = how long readers or writers of a table would wait, from effects times real sizes
"""

"""Floor: ops. Replicas: second servers that follow the first, for reading, and to take its place.

Owns    the folder replicas/ below ROLLBOOK_HOME, a slot on the primary for each
Reads   ops (the server and its folder), core.settings
Verbs   making.add, start, stop, remove; together.start_all, stop_all; standing.status_of, every_replica;
        promoting.promote; reading.reading_url; health.look_over
Terms   primary = the server that takes writes; replica = one that replays what the primary wrote;
        slot = the primary's note of how far a replica is, so that it keeps what that still needs;
        timeline = the number that a promotion raises: two servers that both take writes differ in it;
        fenced = kept from ever taking writes again
"""

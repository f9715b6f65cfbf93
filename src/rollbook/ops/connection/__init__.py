"""Connection: is the database well connected, here and now? Writes nothing that stays.

Owns    nothing
Reads   the server, the pooler before it, Redis; the catalogue
Verbs   trying.try_connection, pooler.find_pooling, pooler.leaks, latency.measure
Terms   pooler = a program such as pgbouncer that lends few connections to many clients;
        per transaction = it may lend another connection for each transaction: what a client sets for its
        session then stays with the connection, and the next client finds it
"""

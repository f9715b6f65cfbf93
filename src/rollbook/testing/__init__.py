"""Testing on real PostgreSQL: a pytest plugin and factories, for Rollbook and for those who build on it.

Owns    nothing in the database
Verbs   (fixtures) rollbook_server, database, fresh_database, db, tenant; (factories) batch_students and more
Terms   template = a migrated, empty database that every test database is copied from
"""

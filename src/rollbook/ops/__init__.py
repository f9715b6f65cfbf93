"""Floor: ops. The PostgreSQL server itself: start, stop, describe; knows no pupils.

Owns    archives (and beside the database: the folder ROLLBOOK_HOME with roles' passwords, archived months)
Reads   core.settings
Verbs   server.up, down, status, log_path; migrate.upgrade, downgrade, current, pending, force;
        resetting.reset; databases.create_database, drop_database;
        rekeying.survey, rotate, retire, settle; runs.noted, remembered, last_runs;
        archive.run, restore, forget_gone, make_ahead
Terms   embedded, system = run by Rollbook from the wheel's programs, or from installed ones;
        external = run by somebody else, named by ROLLBOOK_DATABASE_URL;
        owner = the role that owns the tables; app = the role that pages and commands use
"""

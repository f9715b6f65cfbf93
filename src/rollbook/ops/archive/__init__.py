"""Part of ops: archive. Months of large tables: made ahead, and taken out to files that are proven first.

Owns    the folder of archived months (ROLLBOOK_ARCHIVE_FOLDER)
Reads   the catalogue, core.keyring; which tables, how old and whose rows, is handed in from above
Verbs   make_ahead, run, restore, forget_gone, forget_values, rekey, adopt, query, rows_with,
        look_over
Terms   month = one partition, known by its bounds, never by its name;
        detached = out of its table and not yet in a file: the next run goes on with it;
        proven = what was read back from the file has the same ordered checksum, computed by PostgreSQL;
        trash = files that nothing refers to any more; noted before one is written, removed by every run
"""

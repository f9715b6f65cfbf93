"""Floor: core. What every room stands on; knows no pupils and no room.

Owns    settings, errors, clock, named SQL, output and progress, the tenant and its walls (tenancy),
        the key ring and what it encrypts (keyring, encryption)
Verbs   settings, named_sql, transaction; ring, Column.seal, Column.open, open_version, open_row
Terms   tenant = one district, network or university; visibility = what a transaction may see;
        sealed = encrypted for one row and column; key ring = the file with the keys, in no database
"""

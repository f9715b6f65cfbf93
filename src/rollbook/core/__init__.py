"""Floor: core. What every room stands on; knows no pupils and no room.

Owns    settings, errors, clock, named SQL, output and progress, the tenant and its walls (tenancy)
Verbs   settings, named_sql, transaction
Terms   tenant = one district, network or university; visibility = what a transaction may see
"""

"""OneRoster: rosters and gradebooks as bundles of CSV files, in 1.2 and, to be read, in 1.1 and 1.0.

Owns    no table: what no room keeps goes to source_records
Reads   intake (files, the pipeline), roster, curriculum, grades (the tables that rows go to and come from)
Verbs   import (``bundle.OneRoster``), export (``export.export_oneroster``)
Terms   bundle = a zip or folder of CSV files with a manifest; bulk = all there is, what it misses has left;
        delta = what changed; sourcedId = what the source calls a record
"""

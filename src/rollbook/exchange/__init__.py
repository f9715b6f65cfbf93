"""Floor: exchange. The standards and published formats that data comes in, and the original systems' tables.

Owns    no table: it writes those of the rooms
Reads   intake (files), roster, curriculum, attendance, grades, conduct, activity (the tables that rows go to)
Verbs   oneroster.bundle.OneRoster (`rollbook import oneroster`), oneroster.export.export_oneroster;
        csv_files.format.CsvFormat (`rollbook import csv`); oulad.import_oulad;
        compat.group_by_key (the tables themselves are views, made by migrations/compat)
Terms   kind = a kind of record that a CSV file has one of to a line, told by its room's load.py;
        drop = the files of one delivery, in a directory; presentation = OULAD's word for a section
"""

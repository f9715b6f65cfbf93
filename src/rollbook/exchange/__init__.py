"""Floor: exchange. The standards and published formats that data comes in, and the original systems' tables.

Owns    no table: it writes those of the rooms
Reads   intake (files), roster, curriculum, grades, activity (the tables that rows go to)
Verbs   oulad.import_oulad; compat.group_by_key (the tables themselves are views, made by migrations/compat)
Terms   drop = the files of one delivery, in a directory; presentation = OULAD's word for a section
"""

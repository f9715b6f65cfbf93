"""Floor: exchange. The standards and published formats that data comes in: OULAD first,
and the tables of the original systems (compat), which are views over ours.

Owns    no table: it writes those of the rooms
Reads   intake (files), roster, curriculum, grades, activity (the tables that rows go to)
Verbs   oulad.import_oulad
Terms   drop = the files of one delivery, in a directory; presentation = OULAD's word for a section
"""

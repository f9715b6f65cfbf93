"""Room: privacy. What a student and their family have a right to: the whole record, and what follows from it.

Owns    nothing yet
Reads   every table that has rows about a student
Verbs   complete_record, tables_about, rows_about, record_pdf
Terms   record = every row about a student, with its superseded versions, estimates with their
        reasons, who wrote it and who was shown it;
        handing = to whom the record is given, what for and by which right; noted before it is given
"""

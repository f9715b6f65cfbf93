"""Room: privacy. What a student and their family have a right to: the whole record, and what follows from it.

Owns    legal_holds, amendment_requests, retention_rules
Reads   every table that has rows about a student
Verbs   complete_record, tables_about, rows_about, record_pdf, erase, place_hold, end_hold, readmit,
        request_amendment, hold_hearing, decide, attach_statement, set_period, remove_past, count_past
Terms   record = every row about a student, with its superseded versions, estimates with their
        reasons, who wrote it and who was shown it;
        handing = to whom the record is given, what for and by which right; noted before it is given
        erasure = a student's rows are gone from every table; what the law asks to keep stays
        and names nobody;
        amendment = what a family asks to be put right; a refused one keeps their statement;
        retention = rows of a table go when a time has passed, mostly since the student left;
        hold = nothing of the student may be erased while it stands
"""

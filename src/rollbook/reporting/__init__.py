"""Room: reporting. What several rooms know, on one page.

Owns    nothing: it puts together what the rooms below it keep
Reads   audit, roster, curriculum, attendance, grades, activity, conduct, risk
Verbs   student_record, showings, writings, day_of, day_on, audit (of all records: `rollbook validate`)
Terms   record = what the rooms hold about one student over about a year;
        present = today, or the last day that the records reach if that is earlier
"""

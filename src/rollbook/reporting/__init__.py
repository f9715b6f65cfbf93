"""Room: reporting. What several rooms know, on one page.

Owns    nothing: it puts together what the rooms below it keep
Reads   roster, curriculum, attendance, grades, activity, conduct, risk
Verbs   student_record, audit (of all records: `rollbook validate`)
Terms   record = what the rooms hold about one student over about a year
"""

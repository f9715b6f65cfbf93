"""Floor: demo. A synthetic district, the same for the same seed, and the steps that show Rollbook at work.

Owns    no table: it writes those of the rooms, in a tenant that is marked synthetic
Reads   the rooms' models; risk.service, accounts.service, exchange.oulad
Verbs   generate_district, prepare (the steps of `rollbook demo`), ensure_sign_ins
Terms   life = what moves a student's marks, invisible to the district; strain = a life's state in a week;
        first version, correction = what was known first and what replaced it, each with its known_at
"""

"""Floor: demo. A synthetic district, the same for the same seed, and the steps that show Rollbook at work.

Owns    no table: it writes those of the rooms, in a tenant that is marked synthetic
Reads   the rooms' models; risk.service, accounts.service, exchange.oulad
Verbs   generate_district, generate_into, prepare (the steps of `rollbook demo`), ensure_sign_ins
Terms   area = four elementary schools, a middle and a high school, with students of their own: what is drawn
        at a time, so that a large district takes no more memory than a small one; phase = a part of the
        district that can be left out; life = what moves a student's marks, invisible to the district;
        strain = a life's state in a week; stay = a student's time at one school; first version,
        correction = what was known first and what replaced it, each with its known_at
"""

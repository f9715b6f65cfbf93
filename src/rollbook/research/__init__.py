"""Room: research. What may leave the district without telling of any one student.

Owns    nothing (a table is given to it as a file)
Verbs   audit_table, suppress_table
Terms   suppressed = a count that is printed as a mark such as *, since it is small (primary) or since it
        would give a small one away (complementary);
        given away = it follows exactly, or it can only be small and sums leave few values for it
"""

"""Room: audit. Who changed or read what, kept so that a later change of it is found.

Owns    audit_writes, disclosures, audit_seals, erasures, audit_redactions
Verbs   disclosing, disclose, disclose_everybody, seal, verify (triggers note the writes)
Terms   write = what one statement did to one table, noted by the table's triggers;
        disclosure = a named student's record was shown to someone (34 CFR 99.32);
        interest = by which rule they may see the student;
        redaction = a value of a log that a lawful erasure took out: its digest stays, and the seals hold;
        seal = what a block of rows was when it was closed, chained to the seal before it
"""

"""Floor: intake. Files in: staged as text with their line numbers, checked as sets; knows files, no pupils.

Owns    imports, intake_rejects, source_records (and temporary tables, gone at the end of the transaction)
Verbs   stage, check
Terms   layout = what a file should look like; staged = in a table of text, nothing trusted yet;
        reject = a line that is left out, with its place and the reason, never its content
"""

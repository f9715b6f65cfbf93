"""Floor: intake. Files in: staged as text with their line numbers, checked as sets; knows files, no pupils.

Owns    imports, intake_rejects, source_records, erased_names, erasure_keys (and temporary tables)
Verbs   run_import (stage, check, diff, guard, quarantine, merge, receipt), undo, list_imports, export_rejects
Terms   drop = what was delivered: a zip, a folder, a file; layout = what a file should look like;
        staged = in a table of text, nothing trusted yet; target = a table that an import writes;
        bulk = all there is, so that what is missing left; delta = changes, and what is not there stays;
        reject = a line that is left out, with its place and the reason, never its content;
        erased name = a digest of what a source calls somebody who was erased: left out of every drop;
        quarantine = where rejects wait to be fixed; receipt = what became of an import, for ever
"""

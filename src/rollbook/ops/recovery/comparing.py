"""What a restored server holds, against what was recorded when it was backed up."""

import psycopg

from rollbook.ops.backup.manifest import Backup
from rollbook.ops.recovery.fingerprint import differences, fingerprint
from rollbook.ops.recovery.scratch import Scratch


def compared(scratch: Scratch, backup: Backup) -> list[str]:
    """Return a sentence for each table that does not hold what it held; none if all is as it was."""
    try:
        with scratch.connect(backup.database or "postgres") as db, db.transaction():
            db.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            return list(differences(dict(backup.tables), fingerprint(db)))
    except psycopg.Error as error:
        # a page that cannot be read, above all; what it says names files, not rows
        return [f"it cannot be read: {str(error).splitlines()[0]}"]

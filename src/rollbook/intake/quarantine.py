"""The quarantine: rejected lines, kept whole until somebody has fixed them.

While an import works they wait in a temporary table; at its end they go to intake_rejects, with a cause that
groups them. A cause names a column and a reason, and the value only where it is a code that comes up again
and again: never a text about a person.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from psycopg import Connection
from sqlalchemy import BigInteger, Boolean, CursorResult, Text, column, table
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Session

from rollbook.core.settings import settings
from rollbook.core.sql import named_sql
from rollbook.intake.rejects import Rejects, Spool

SQL: Final = named_sql("rollbook.intake")
REJECTED: Final = table(
    "intake_rejected",
    column("file", Text),
    column("line", BigInteger),
    column("column_name", Text),
    column("reason", Text),
    column("is_code", Boolean),
    column("fields", JSONB),
)
_COPY_BYTES: Final = 1 << 16


@dataclass(frozen=True, slots=True)
class Cause:
    """Why ``rows`` lines of a file were rejected; the first of them is ``first_line``."""

    file: str
    column: str | None
    cause: str
    rows: int
    first_line: int

    def __str__(self) -> str:
        """Name the number first."""
        rows = "row" if self.rows == 1 else "rows"
        return f"{self.rows:,} {rows} of {self.file}: {self.cause}"


def make_table(db: Session, rejects: Rejects) -> None:
    """Make the temporary table that takes each rejected line from here on."""
    db.execute(SQL["make_rejected"])
    rejects.is_kept = True


def keep_spooled(raw: Connection[tuple[object, ...]], spool: Spool) -> None:
    """COPY the lines that are no rows at all into the temporary table."""
    spool.lines.seek(0)
    query = "COPY intake_rejected (file, line, column_name, reason, fields) FROM STDIN (FORMAT csv)"
    with raw.cursor() as cursor, cursor.copy(query) as copy:
        while chunk := spool.lines.read(_COPY_BYTES):
            copy.write(chunk)


def find_causes(db: Session) -> Sequence[Cause]:
    """Group this import's rejects by what they have in common, the largest group first."""
    db.execute(SQL["make_faults"])
    db.execute(SQL["find_causes"])
    return [Cause(*row) for row in db.execute(SQL["group_faults"])]


def keep_rejects(db: Session, tenant_id: int, import_id: int) -> None:
    """Put this import's rejects, whose causes were found, into the quarantine."""
    db.execute(SQL["keep_faults"], {"tenant_id": tenant_id, "import_id": import_id})


def causes_of(db: Session, import_id: int) -> Sequence[Cause]:
    """Group the rejects of an earlier import."""
    return [Cause(*row) for row in db.execute(SQL["group_rejects"], {"import_id": import_id})]


def forget_old_rejects(db: Session) -> int:
    """Forget the lines that nobody fixed in time; return how many."""
    forgotten = db.execute(SQL["forget_old_rejects"], {"days": settings().reject_days})
    assert isinstance(forgotten, CursorResult)
    return forgotten.rowcount

"""The quarantine: rejected lines, kept whole until somebody has fixed them.

While an import works they wait in a temporary table; at its end they go to intake_rejects, with a cause that
groups them. A cause names a column and a reason, and the value only where it is a code that comes up again
and again: never a text about a person.
"""

from collections.abc import Sequence
from typing import Final

from psycopg import Connection, sql
from sqlalchemy import BigInteger, Boolean, Text, column, table, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Session

from rollbook.intake.rejects import Rejects, Spool

FIX_UP_COLUMNS: Final = ("rollbook_import", "rollbook_line", "rollbook_column", "rollbook_reason")
_COPY_BYTES: Final = 1 << 16
# What a spreadsheet would take for a formula, and what we put before it.
DANGEROUS: Final = "=+-@\t\r"
GUARD: Final = "'"

REJECTED: Final = table(
    "intake_rejected",
    column("file", Text),
    column("line", BigInteger),
    column("column_name", Text),
    column("reason", Text),
    column("is_code", Boolean),
    column("fields", JSONB),
)
_MAKE: Final = text(
    "CREATE TEMP TABLE intake_rejected (file text NOT NULL, line bigint NOT NULL, column_name text,"
    " reason text NOT NULL, is_code boolean NOT NULL DEFAULT false, fields jsonb NOT NULL) ON COMMIT DROP"
)


def make_table(db: Session, rejects: Rejects) -> None:
    """Make the temporary table that takes each rejected line from here on."""
    db.execute(_MAKE)
    rejects.is_kept = True


def keep_spooled(raw: Connection[tuple[object, ...]], spool: Spool) -> None:
    """COPY the lines that are no rows at all into the temporary table."""
    spool.lines.seek(0)
    query = "COPY intake_rejected (file, line, column_name, reason, fields) FROM STDIN (FORMAT csv)"
    with raw.cursor() as cursor, cursor.copy(query) as copy:
        while chunk := spool.lines.read(_COPY_BYTES):
            copy.write(chunk)
    spool.lines.close()


def restore_cells(db: Session, stage: str, columns: Sequence[str]) -> None:
    """Take away the quotation mark that the fix-up file put before what looked like a formula."""
    guarded = f"^{GUARD}[{GUARD}{DANGEROUS}]"
    for name in columns:
        query = sql.SQL("UPDATE {} SET {column} = substr({column}, 2) WHERE {column} ~ %s")
        statement = query.format(sql.Identifier(stage), column=sql.Identifier(name))
        raw = db.connection().connection.driver_connection
        assert isinstance(raw, Connection)
        raw.execute(statement, [guarded])

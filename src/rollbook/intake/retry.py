"""Rejected lines that were fixed and come in anew: which they were, so that they can leave the quarantine."""

from typing import Final

from psycopg import Connection, sql
from sqlalchemy.orm import Session

from rollbook.intake.errors import NotAFixUp
from rollbook.intake.layout import Layout
from rollbook.intake.quarantine import SQL
from rollbook.intake.refusals import FixUpOfAnother
from rollbook.intake.stage import FIX_UP_COLUMNS, Staged

_NOTE: Final = sql.SQL(
    "INSERT INTO intake_retried (import_id, file, line)"
    " SELECT rollbook_import::int, {file}, rollbook_line::bigint FROM {stage}"
    " WHERE rollbook_import ~ '^[0-9]{{1,9}}$' AND rollbook_line ~ '^[0-9]{{1,18}}$'"
)


def note_retried(db: Session, layout: Layout, staged: Staged) -> None:
    """Remember which rejected lines a staged fix-up file has.

    Raises: ``NotAFixUp`` if its columns do not say so.
    """
    if not set(FIX_UP_COLUMNS) <= set(staged.columns.values()):
        raise NotAFixUp(file=staged.file, columns=", ".join(FIX_UP_COLUMNS))
    raw = db.connection().connection.driver_connection
    assert isinstance(raw, Connection)
    raw.execute(_NOTE.format(file=sql.Literal(layout.file), stage=sql.Identifier(layout.stage)))


def check_retried(db: Session, import_id: int) -> None:
    """See that all fixed lines are of one import.

    Raises: ``FixUpOfAnother``.
    """
    if set(db.scalars(SQL["retried_imports"])) - {import_id}:
        raise FixUpOfAnother(import_id=import_id)

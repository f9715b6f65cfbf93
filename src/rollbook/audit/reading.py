"""Disclosures are noted where rows leave the database, so that no page, endpoint or file can forget to.

While a transaction is read for someone, each row that comes out of it and names a student by ``student_id``
is noted. The disclosures are written in that same transaction, before anything is shown: where they cannot
be, it fails, and nothing is shown.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from psycopg import Connection
from psycopg.rows import RowFactory
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from rollbook.core.acting import acting, plain
from rollbook.core.errors import Unavailable
from rollbook.core.sql import named_sql

SQL: Final = named_sql("rollbook.audit")
_COLUMN: Final = "student_id"

Row = Sequence[Any]


class DisclosureUnwritten(Unavailable):
    """Whose record was read could not be written down, so it is not shown. Tell whoever runs Rollbook."""


@dataclass(frozen=True, slots=True)
class Reason:
    """``what`` is shown, by which rule (``interest``), and what for, if they said so."""

    what: str
    interest: str
    purpose: str | None = None


@dataclass(slots=True)
class _Seen:
    students: set[UUID] = field(default_factory=set)

    def note(self, value: object) -> None:
        """Keep the student, or the students of an array."""
        if isinstance(value, UUID):
            self.students.add(value)
        elif isinstance(value, list):
            self.students.update(one for one in value if isinstance(one, UUID))

    def rows(self, cursor: Any) -> Callable[[Row], Row]:  # noqa: ANN401 -- psycopg's cursor, of whatever rows
        """Make rows as psycopg does, and keep the students in them."""
        columns = cursor.description or ()
        places = [place for place, column in enumerate(columns) if column.name.startswith(_COLUMN)]
        if not places:
            return tuple

        def make(values: Row) -> Row:
            for place in places:
                self.note(values[place])
            return tuple(values)

        return make


@contextmanager
def disclosing(db: Session, reason: Reason, *, noted_in: Session | None = None) -> Iterator[set[UUID]]:
    """Let the block read for someone, and write down whose rows came out of ``db``'s transaction.

    Yields the students whose rows came out so far. ``noted_in``: where ``db`` reads from a replica, the
    transaction on the primary in which they are written down; it too ends before anything is shown.
    Raises: ``DisclosureUnwritten``.
    """
    raw: Connection[Any] | None = db.connection().connection.driver_connection
    assert raw is not None
    seen = _Seen()
    usual: RowFactory[Any] = raw.row_factory
    raw.row_factory = seen.rows
    try:
        yield seen.students
    finally:
        raw.row_factory = usual
    disclose(noted_in or db, seen.students, reason)


def disclose(db: Session, student_ids: Iterable[UUID], reason: Reason) -> int:
    """Write down that these students' records are shown to whom the transaction acts for; return how many.

    Raises: ``DisclosureUnwritten``.
    """
    students = list(student_ids)
    return _write(db, "disclose", reason, students=students) if students else 0


def disclose_everybody(db: Session, reason: Reason) -> int:
    """Write down that the records of all students of the tenant are shown, as an export does.

    Raises: ``DisclosureUnwritten``.
    """
    return _write(db, "disclose_everybody", reason)


def by_command() -> Reason:
    """Return the reason of a command: who has an account on the machine of the database administers it."""
    return Reason(acting().purpose, "administrator of the district's records")


def _write(db: Session, query: str, reason: Reason, **facts: object) -> int:
    said = {
        "what": plain(reason.what),
        "interest": plain(reason.interest),
        "purpose": plain(reason.purpose) if reason.purpose else None,
    }
    try:
        noted: int = db.execute(SQL[query], facts | said).scalar_one()
    except DBAPIError as error:
        raise DisclosureUnwritten from error
    return noted

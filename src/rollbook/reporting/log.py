"""The logs of audit as people read them: with names, filtered by person, student, table and day."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy.orm import Session

from rollbook.core.sql import named_sql

PAGE_SIZE: Final = 50
_SQL: Final = named_sql("rollbook.reporting", "log.sql")
_API: Final = "/api/v1"
_ABBREVIATED: Final = ("pe",)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which rows of the logs: of a user or student, of one table, in [since, until)."""

    user_id: UUID | None = None
    student_id: UUID | None = None
    table_name: str | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Showing:
    """One request that showed records of ``students``; which one, where it is one."""

    at: datetime
    who: str
    request_id: str
    what: str
    interest: str
    purpose: str | None
    students: int
    student_id: UUID | None
    student_number: str | None
    name: str | None

    @property
    def where(self) -> str:
        """The page or the answer of the API in words; a command as it is called."""
        return _in_words(self.what)


@dataclass(frozen=True, slots=True)
class Written:
    """What one statement did to one table; of more than 1,000 rows there are no ``changes``."""

    write_id: int
    at: datetime
    who: str
    request_id: str
    purpose: str
    table_name: str
    command: str
    row_count: int
    by_import: int | None
    changes: Sequence[Mapping[str, Any]] | None

    @property
    def fields(self) -> Sequence[str]:
        """The names of the fields that an update changed, in any of its rows."""
        changes = self.changes or () if self.command == "UPDATE" else ()
        return sorted({name for change in changes for name in change.get("new", {})})


def showings(db: Session, tenant_id: int, wanted: Wanted, *, page_size: int = PAGE_SIZE) -> Sequence[Showing]:
    """Return who was shown records, newest first; in a transaction that sees the whole tenant."""
    facts = {
        "tenant_id": tenant_id,
        "student_id": wanted.student_id,
        "user_id": wanted.user_id,
        "since": wanted.since,
        "until": wanted.until,
        "page_size": page_size,
    }
    return [Showing(**row) for row in db.execute(_SQL["showings"], facts).mappings()]


def writings(db: Session, tenant_id: int, wanted: Wanted, *, page_size: int = PAGE_SIZE) -> Sequence[Written]:
    """Return what was written, newest first; in a transaction that sees the whole tenant.

    A student's are those whose rows have the student in their key, in statements of at most 1,000 rows.
    """
    facts = {
        "tenant_id": tenant_id,
        "table_name": wanted.table_name,
        "student_id": str(wanted.student_id) if wanted.student_id else None,
        "user_id": wanted.user_id,
        "since": wanted.since,
        "until": wanted.until,
        "page_size": page_size,
    }
    return [Written(**row) for row in db.execute(_SQL["writes"], facts).mappings()]


def audited_tables(db: Session) -> Sequence[str]:
    """Return the tables whose writes are in the log."""
    return db.scalars(_SQL["audited_tables"]).all()


def _in_words(what: str) -> str:
    """Return "GET /sections/{section_id}/students.csv" as "Section, students (CSV)"."""
    _, _, path = what.partition(" ")
    if not path.startswith("/"):
        return what
    kind = " (API)" if path.startswith(_API) else ""
    parts = path.removeprefix(_API).strip("/").split("/")
    name, dot, ending = parts[-1].partition(".")
    if dot:
        kind, parts[-1] = " (file)" if ending.startswith("{") else f" ({ending.upper()})", name
    named = [
        part.removesuffix("s") if following.startswith("{") else part
        for part, following in zip(parts, [*parts[1:], ""], strict=True)
        if not part.startswith("{")
    ]
    text = ", ".join(named).replace("-", " ")
    return (text.upper() if text in _ABBREVIATED else text[:1].upper() + text[1:]) + kind

"""Verbs of audit: read the logs. Writing them is done by triggers, and where rows are read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy.orm import Session

from rollbook.audit.reading import SQL

PAGE_SIZE: Final = 50


@dataclass(frozen=True, slots=True)
class LogFilter:
    """Which rows of a log: of one user, student or table, in [since, until), below an id."""

    user_id: UUID | None = None
    student_id: UUID | None = None
    table_name: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    before_id: int | None = None


@dataclass(frozen=True, slots=True)
class DisclosureLine:
    """A student's record was shown: to a user, or to ``who`` ran a command."""

    disclosure_id: int
    at: datetime
    student_id: UUID
    who: str
    user_id: UUID | None
    request_id: str
    what: str
    interest: str
    purpose: str | None


@dataclass(frozen=True, slots=True)
class WriteLine:
    """What one statement did to one table; of many rows there are no ``changes``."""

    write_id: int
    at: datetime
    who: str
    user_id: UUID | None
    request_id: str
    purpose: str
    table_name: str
    command: str
    row_count: int
    import_id: int | None
    changes: Sequence[Mapping[str, Any]] | None


def disclosures_of(
    db: Session, tenant_id: int, wanted: LogFilter, *, page_size: int = PAGE_SIZE
) -> Sequence[DisclosureLine]:
    """Return who was shown records, newest first; in a transaction that sees the whole tenant."""
    facts = {
        "tenant_id": tenant_id,
        "student_id": wanted.student_id,
        "user_id": wanted.user_id,
        "since": wanted.since,
        "until": wanted.until,
        "before_id": wanted.before_id,
        "page_size": page_size,
    }
    return [DisclosureLine(**row) for row in db.execute(SQL["list_disclosures"], facts).mappings()]


def list_writes(
    db: Session, tenant_id: int, wanted: LogFilter, *, page_size: int = PAGE_SIZE
) -> Sequence[WriteLine]:
    """Return what was written, newest first; in a transaction that sees the whole tenant.

    A student's writes are those whose rows have the student in their key, few enough to be listed.
    """
    facts = {
        "tenant_id": tenant_id,
        "table_name": wanted.table_name,
        "user_id": wanted.user_id,
        "student_id": str(wanted.student_id) if wanted.student_id else None,
        "since": wanted.since,
        "until": wanted.until,
        "before_id": wanted.before_id,
        "page_size": page_size,
    }
    return [WriteLine(**row) for row in db.execute(SQL["list_writes"], facts).mappings()]


def written_tables(db: Session, tenant_id: int) -> Sequence[str]:
    """Return the tables that the log of writes names."""
    return db.scalars(SQL["written_tables"], {"tenant_id": tenant_id}).all()

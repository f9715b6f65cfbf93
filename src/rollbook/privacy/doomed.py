"""What an erasure takes away: found before anything is gone that leads to it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from rollbook.core.encryption import open_version
from rollbook.core.sql import named_sql
from rollbook.privacy.about import (
    TABLES,
    Subject,
    account_of,
    ever,
    own_key,
    rows_about,
    tables_about,
    with_versions,
)

SQL: Final = named_sql("rollbook.privacy", "erasure.sql")
# Kept: 34 CFR 99.32(a)(2), and it names nobody once its purposes are taken out.
KEPT: Final = frozenset({"disclosures"})
_LEAST_QUOTE: Final = 5


@dataclass(slots=True)
class Doomed:
    """What is to go: which accounts, guardians, incidents; by what the student is called."""

    subject: Subject
    guardians: list[UUID] = field(default_factory=list)
    incidents: list[UUID] = field(default_factory=list)
    accounts: list[UUID] = field(default_factory=list)
    shared_incidents: int = 0
    shared_guardians: int = 0
    numbers: list[str] = field(default_factory=list)
    sources: list[tuple[str, str]] = field(default_factory=list)
    quotes: list[str] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)


def look(db: Session, subject: Subject) -> Doomed:
    """Find all that goes, before anything is gone that leads to it."""
    doomed = Doomed(subject)
    doomed.guardians, doomed.shared_guardians = _own(
        db, subject, "guardian_ids", "others_guardians", ever("student_guardians", "guardian_id", subject)
    )
    doomed.incidents, doomed.shared_incidents = _own(
        db, subject, "incident_ids", "others_incidents", ever("incident_participants", "incident_id", subject)
    )
    theirs = {"tenant_id": subject.tenant_id, "guardian_ids": doomed.guardians}
    doomed.accounts = [
        *db.scalars(account_of(subject)),
        *db.scalars(SQL["accounts_of_guardians"], theirs),
    ]
    doomed.numbers = [*db.scalars(ever("students", "student_number", subject))]
    doomed.sources = [
        (row.source, row.source_id) for row in db.execute(SQL["names_in_sources"], key_of(subject))
    ]
    doomed.quotes = _quotes(db, doomed)
    doomed.keys = sorted({str(subject.student_id), *_keys(db, doomed)})
    return doomed


def _own(
    db: Session,
    subject: Subject,
    name: str,
    query: str,
    ids: Any,  # noqa: ANN401 -- a SELECT of one column
) -> tuple[list[UUID], int]:
    """Return those of the ids that no other student has, and how many others there are."""
    found = list(db.scalars(ids))
    shared = set(db.scalars(SQL[query], key_of(subject) | {name: found}))
    return [one for one in found if one not in shared], len(shared)


def _quotes(db: Session, doomed: Doomed) -> list[str]:
    """Return the texts that nobody but the student has: by them, what still quotes the student is found."""
    subject = doomed.subject
    versions = [
        open_version(table, subject.tenant_id, dict(row))
        for table in with_versions("students")
        for row in db.execute(select(*table.columns).where(rows_about(table, subject))).mappings()
    ]
    names = [" ".join(filter(None, (one["first_name"], one["last_name"]))) for one in versions]
    told = [one[column] for one in versions for column in ("email", "phone", "address")]
    said = {*names, *told, *doomed.numbers, *(source_id for _, source_id in doomed.sources)}
    return sorted(one for one in said if one and len(one) >= _LEAST_QUOTE)


def _keys(db: Session, doomed: Doomed) -> Iterator[str]:
    """Yield the ids of the rows that go: the log of writes knows rows by them."""
    yield from map(str, (*doomed.guardians, *doomed.incidents, *doomed.accounts))
    for name in tables_about():
        key = own_key(TABLES[name])
        if key is not None and "student_id" in TABLES[name].c and name not in KEPT:
            yield from map(str, db.scalars(ever(name, key, doomed.subject)))


def key_of(subject: Subject) -> dict[str, object]:
    """Return the student's key as queries take it."""
    return {"tenant_id": subject.tenant_id, "student_id": subject.student_id}

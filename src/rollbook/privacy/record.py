"""The complete record of a student, gathered from every table that has rows about them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Column, ColumnElement, Date, DateTime, Table, Text, case, func, literal, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session

from rollbook.audit.reading import Reason, disclose
from rollbook.core import clock
from rollbook.core.encryption import open_version
from rollbook.core.sql import named_sql
from rollbook.core.tenancy import Tenant
from rollbook.privacy.about import TABLES, Subject, history_of, own_key, rows_about
from rollbook.privacy.archived import archived_rows
from rollbook.privacy.labels import labels_of
from rollbook.privacy.opening import opened
from rollbook.privacy.titles import PARTS
from rollbook.roster.models import Student
from rollbook.roster.names import student_name
from rollbook.roster.service import StudentNotFound

SQL: Final = named_sql("rollbook.privacy")
SHAPE: Final = 1
_CONTACTS: Final = frozenset({"email", "phone", "address"})

Rows = Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Handing:
    """To whom the record is handed, what for, and by which right (``interest``).

    ``guardian``: the user who asks as one. ``is_to_family``: what is other people's own is left out.
    """

    to: str
    because: str
    interest: str
    guardian: UUID | None = None
    is_to_family: bool = False


@dataclass(frozen=True, slots=True)
class Section:
    """One table's rows about the student: as they stand, and the versions that they superseded."""

    title: str
    says: str
    rows: Rows
    superseded: Rows


@dataclass(frozen=True, slots=True)
class Withheld:
    """What was left out, and why."""

    what: str
    why: str


@dataclass(frozen=True, slots=True)
class CompleteRecord:
    """Everything that the database and its archive have about a student.

    Shape: the fields are the JSON's, in this order; docs/howto/privacy.md describes them.
    """

    shape: int
    made_at: datetime
    tenant: Mapping[str, str]
    student: Mapping[str, str | None]
    handed: Mapping[str, str]
    sections: Mapping[str, Section]
    writes: Rows
    names: Mapping[str, str]
    withheld: Sequence[Withheld]


def complete_record(db: Session, tenant: Tenant, student_id: UUID, handing: Handing) -> CompleteRecord:
    """Note that the record is handed out, then return it. ``db`` sees the whole tenant.

    Raises: ``StudentNotFound``; ``DisclosureUnwritten`` and ``RecordIncomplete``, and then nothing may be
    handed out.
    """
    student = db.get(Student, (tenant.tenant_id, student_id))
    if student is None:
        raise StudentNotFound
    _note(db, student_id, handing)
    subject = Subject(tenant.tenant_id, student_id)
    withheld: list[Withheld] = []
    sections = {name: _section(db, name, subject, handing, withheld) for name in PARTS}
    writes = _writes(db, subject, sections, handing)
    return CompleteRecord(
        shape=SHAPE,
        made_at=clock.now(),
        tenant={"slug": tenant.slug, "name": tenant.name, "time_zone": tenant.time_zone},
        student={
            "student_id": str(student_id),
            "student_number": student.student_number,
            "name": student_name(
                student.student_number, student.first_name, student.last_name, student.preferred_name
            ),
        },
        handed={"to": handing.to, "because": handing.because, "by_right": handing.interest},
        sections=sections,
        writes=writes,
        names=labels_of(db, tenant.tenant_id, _all_rows(sections)),
        withheld=withheld,
    )


def _note(db: Session, student_id: UUID, handing: Handing) -> None:
    said = f"to {handing.to}: {handing.because}" if handing.to else handing.because
    disclose(db, [student_id], Reason("complete record", handing.interest, said))


def _section(db: Session, name: str, subject: Subject, handing: Handing, withheld: list[Withheld]) -> Section:
    part, history = PARTS[name], history_of(name)
    rows: Sequence[Mapping[str, Any]]
    rows = [*_archived(db, TABLES[name], subject), *_rows(db, TABLES[name], subject)]
    superseded: Sequence[Mapping[str, Any]] = _rows(db, history, subject) if history is not None else []
    if name == "guardians" and handing.is_to_family:
        rows, superseded = (_without_contacts(some, handing, withheld) for some in (rows, superseded))
    if name == "discipline_incidents" and handing.is_to_family:
        rows, superseded = (_without_others(db, some, subject, withheld) for some in (rows, superseded))
    return Section(part.title, part.says, rows, superseded)


def _archived(db: Session, table: Table, subject: Subject) -> Rows:
    hidden = _hidden(db, table)
    return [
        {name: value for name, value in row.items() if name not in hidden}
        for row in archived_rows(db, table.name, subject)
    ]


def _hidden(db: Session, table: Table) -> set[str]:
    return {"tenant_id", "history_id", *_secrets(db, table)}


def _rows(db: Session, table: Table, subject: Subject) -> Rows:
    hidden = _hidden(db, table)
    shown = [_finite(column) for column in table.columns if column.name not in hidden]
    query = select(*shown).where(rows_about(table, subject)).order_by(*_order(table))
    return [open_version(table, subject.tenant_id, dict(row)) for row in db.execute(query).mappings()]


def _finite(column: Column[Any]) -> ColumnElement[Any]:
    """Return the column; a day or moment without end, for which Python has no value, is none."""
    if not isinstance(column.type, Date | DateTime):
        return column
    return case((func.isfinite(column), column)).label(column.name)


def _secrets(db: Session, table: Table) -> Sequence[str]:
    """Return the columns that hold what opens something, as the audit knows them: it copies none either."""
    name = func.unnest(literal([column.name for column in table.columns], ARRAY(Text))).column_valued("name")
    return db.scalars(select(name).where(func.rollbook_is_secret(name))).all()


def _order(table: Table) -> Iterator[ColumnElement[Any]]:
    """Order by day or moment, then by key, so that the same data give the same record."""
    first = ("date", "at", "as_of", "entry_on", "begins_on", "incident_on", "known_at", "created_at")
    yield from (table.c[name] for name in first if name in table.c)
    yield from (column for column in table.primary_key.columns if column.name != "tenant_id")


def _without_contacts(rows: Rows, handing: Handing, withheld: list[Withheld]) -> Rows:
    others = [row for row in rows if row["user_id"] is None or row["user_id"] != handing.guardian]
    if any(row[name] for row in others for name in _CONTACTS & row.keys()):
        _say(withheld, "E-mail and telephone of other guardians", "They are that person's own.")
    hidden = dict.fromkeys(_CONTACTS)
    return [
        {**row, **{k: v for k, v in hidden.items() if k in row}} if row in others else row for row in rows
    ]


def _without_others(db: Session, rows: Rows, subject: Subject, withheld: list[Withheld]) -> Rows:
    """Leave out what was written of an incident that others had a part in, too."""
    ids = [row["incident_id"] for row in rows]
    shared = set(db.scalars(SQL["shared_incidents"], {"tenant_id": subject.tenant_id, "incident_ids": ids}))
    if any(row["incident_id"] in shared and row["description"] for row in rows):
        _say(
            withheld,
            "Descriptions of incidents that other students had a part in",
            "They may tell about those students: ask the school to look at them with you (34 CFR 99.12(a)).",
        )
    return [{**row, "description": None} if row["incident_id"] in shared else row for row in rows]


def _say(withheld: list[Withheld], what: str, why: str) -> None:
    if Withheld(what, why) not in withheld:
        withheld.append(Withheld(what, why))


def _writes(db: Session, subject: Subject, sections: Mapping[str, Section], handing: Handing) -> Rows:
    """Return who wrote what about the student, in statements of at most 1,000 rows."""
    told = {name: part for name, part in sections.items() if not handing.is_to_family or name not in _SHARED}
    keys = [
        str(row[key])
        for name, section in told.items()
        if (key := own_key(TABLES[name])) is not None
        for row in (*section.rows, *section.superseded)
        if key in row
    ]
    facts = {
        "tenant_id": subject.tenant_id,
        "student_id": str(subject.student_id),
        "keys": sorted({str(subject.student_id), *keys}),
        "source_ids": sorted({row["source_id"] for row in sections["source_records"].rows}),
    }
    return [opened(subject.tenant_id, dict(row)) for row in db.execute(SQL["writes_about"], facts).mappings()]


_SHARED: Final = frozenset({"guardians", "discipline_incidents"})


def _all_rows(sections: Mapping[str, Section]) -> Iterator[Mapping[str, Any]]:
    for section in sections.values():
        yield from section.rows
        yield from section.superseded

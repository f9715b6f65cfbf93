"""Incidents as a list: newest first, by school, type, severity and time, with counts and rates."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, time
from itertools import groupby
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row
from sqlalchemy.orm import Session

from rollbook.accounts.models import Role
from rollbook.conduct.service import SEVERITIES
from rollbook.core.numbers import Number
from rollbook.core.paging import CursorInvalid, read_cursor, write_cursor
from rollbook.core.sql import named_sql
from rollbook.roster.names import student_name

_SQL: Final = named_sql("rollbook.conduct")
_PER: Final = 100


@dataclass(frozen=True, slots=True)
class Filter:
    """Which incidents: those in [since, until], at a school (its code), of a type, of a severity."""

    since: date
    until: date
    school: str | None = None
    incident_type: str | None = None
    severity_level: int | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """Who took part, of those in sight; what was done, in words."""

    student_id: UUID
    student_number: str
    name: str
    participant_role: str
    actions: str | None
    days_lost: Number | None


@dataclass(frozen=True, slots=True)
class IncidentLine:
    """An incident in a list. ``description`` is None for who may not read what names others."""

    incident_id: UUID
    incident_number: str
    incident_on: date
    incident_time: time | None
    incident_type: str
    severity_level: int
    school: str | None
    location: str | None
    description: str | None
    reported_by: str | None
    participants: Sequence[Part]

    @property
    def severity(self) -> str:
        """The level in a word."""
        return SEVERITIES[self.severity_level]


@dataclass(frozen=True, slots=True)
class IncidentPage:
    """Some incidents, newest first. ``first`` is the 1-based place of the first of them."""

    rows: Sequence[IncidentLine]
    first: int
    next_cursor: str | None

    @property
    def last(self) -> int:
        """The 1-based place of the last of them."""
        return self.first + len(self.rows) - 1


@dataclass(frozen=True, slots=True)
class Count:
    """Incidents of one school, type, severity or month, also per hundred of the ``students`` there."""

    value: str
    label: str
    incidents: int
    students: int
    per_100: float | None


@dataclass(frozen=True, slots=True)
class Counts:
    """All incidents of a list, and by what they are told apart; the most frequent first, months in order."""

    total: Count
    by_school: Sequence[Count]
    by_type: Sequence[Count]
    by_severity: Sequence[Count]
    by_month: Sequence[Count]


def list_incidents(  # noqa: PLR0913 -- which ones, and how much of them
    db: Session,
    tenant_id: int,
    wanted: Filter,
    *,
    describes: bool = False,
    cursor: str | None = None,
    limit: int | None = None,
) -> IncidentPage:
    """Return the incidents of which the transaction sees a participant; all of them without ``limit``.

    ``describes``: whether the descriptions, which may name anybody, are told.
    Raises: ``CursorInvalid``.
    """
    after_on, after_id, before = _read(cursor) if cursor else (None, None, 0)
    page = {"after_on": after_on, "after_id": after_id, "page_size": None if limit is None else limit + 1}
    found = db.execute(_SQL["incidents_page"], _params(tenant_id, wanted) | page).all()
    shown = found[:limit]
    parts = _parts(db, tenant_id, [row.incident_id for row in shown])
    rows = [_line(row, parts.get(row.incident_id, ()), describes=describes) for row in shown]
    following = None
    if limit is not None and len(found) > limit:
        last = rows[-1]
        following = write_cursor(last.incident_on.isoformat(), last.incident_id.hex, before + limit)
    return IncidentPage(rows, before + 1, following)


def may_read_descriptions(role: Role) -> bool:
    """Say who may read what names others: those who deal with incidents, not every teacher of one student."""
    return role in {Role.DISTRICT_ADMIN, Role.PRINCIPAL, Role.COUNSELOR}


def count_incidents(db: Session, tenant_id: int, wanted: Filter) -> Counts:
    """Count the incidents in sight; a rate is of the students in sight who were enrolled in that time."""
    rows = db.execute(_SQL["incident_counts"], _params(tenant_id, wanted)).all()
    by = {
        dimension: [_count(row) for row in rows if row.dimension == dimension]
        for dimension in ("all", "school", "type", "severity", "month")
    }
    months = sorted(by["month"], key=lambda count: count.value)
    return Counts(by["all"][0], by["school"], by["type"], by["severity"], months)


def _count(row: Row[Any]) -> Count:
    rate = _PER * row.incidents / row.students if row.students else None
    return Count(row.value or "", _label(row), row.incidents, row.students, rate)


def _label(row: Row[Any]) -> str:
    match row.dimension, row.value:
        case "severity", value:
            return SEVERITIES[int(value)]
        case "month", value:
            return f"{date.fromisoformat(value + '-01'):%B %Y}"
        case _, value:
            return str(row.label or value or "Not recorded")


def _params(tenant_id: int, wanted: Filter) -> dict[str, Any]:
    return {"tenant_id": tenant_id} | {
        name: getattr(wanted, name)
        for name in ("since", "until", "school", "incident_type", "severity_level")
    }


def _parts(db: Session, tenant_id: int, incident_ids: Sequence[UUID]) -> Mapping[UUID, Sequence[Part]]:
    key = {"tenant_id": tenant_id, "incident_ids": list(incident_ids)}
    rows = db.execute(_SQL["participants_of"], key).all()
    return {
        incident_id: tuple(_part(row) for row in group)
        for incident_id, group in groupby(rows, key=lambda row: row.incident_id)
    }


def _part(row: Row[Any]) -> Part:
    return Part(
        row.student_id,
        row.student_number,
        student_name(row.student_number, row.first_name, row.last_name, row.preferred_name),
        row.participant_role,
        row.actions,
        row.days_lost,
    )


def _line(row: Row[Any], parts: Sequence[Part], *, describes: bool) -> IncidentLine:
    told = row._asdict() | ({} if describes else {"description": None})
    return IncidentLine(**told, participants=parts)


def _read(cursor: str) -> tuple[date, UUID, int]:
    day, incident_id, before = read_cursor(cursor, str, str, int)
    try:
        return date.fromisoformat(str(day)), UUID(hex=str(incident_id)), int(before)
    except ValueError as error:
        raise CursorInvalid from error

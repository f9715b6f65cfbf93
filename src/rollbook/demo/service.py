"""Verbs of the demo."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Final

import numpy as np
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from rollbook.core.clock import close_of_day
from rollbook.core.errors import Conflict, Invalid
from rollbook.core.progress import Report, Silent
from rollbook.core.tenancy import Tenant
from rollbook.demo.calendar import TERMS, TIME_ZONE, TODAY
from rollbook.demo.district import draw_district
from rollbook.demo.write import write_district
from rollbook.roster.models import Student

SEED: Final = 20261120
STUDENTS: Final = 600
MOST_STUDENTS: Final = 10_000
_SILENT: Final = Silent()
_MONTHS: Final = text("SELECT rollbook_ensure_months('attendance_records', :since, :until)")


class DistrictSizeInvalid(Invalid):
    """A district of {students} students cannot be made: choose 1 to {most}."""


class DistrictDateInvalid(Invalid):
    """The demo's school year runs from {first} to {last}: {today} is outside."""


class TenantNotEmpty(Conflict):
    """The tenant '{slug}' already holds {students} students; a district is made in an empty one."""


@dataclass(frozen=True, slots=True)
class DistrictSummary:
    """What was written. Shape: ``rows`` by table, corrections not counted."""

    rows: dict[str, int]
    corrections: int


def generate_district(  # noqa: PLR0913 - each says one thing about the district
    db: Session,
    tenant: Tenant,
    *,
    students: int = STUDENTS,
    seed: int = SEED,
    today: date = TODAY,
    report: Report = _SILENT,
) -> DistrictSummary:
    """Fill the empty ``tenant`` with a synthetic district, with all that was known by the close of ``today``.

    The same seed and size give the same rows, ids and instants included; an earlier ``today`` gives fewer.
    Raises: ``DistrictSizeInvalid``; ``DistrictDateInvalid``; ``TenantNotEmpty``.
    """
    _check(db, tenant, students, today)
    tenant.is_synthetic, tenant.time_zone, tenant.risk_target = True, TIME_ZONE, "student"
    db.flush()
    report.step(f"Drawing a district of {students:,} students")
    whole = draw_district(students, seed)
    known = whole.known_before(_utc(close_of_day(today, TIME_ZONE)))
    rows = write_district(db, tenant, known, report)
    return DistrictSummary(rows, sum(len(c.columns["known_at"]) for c in known.corrections))


def _utc(instant: datetime) -> np.datetime64:
    return np.datetime64(instant.astimezone(UTC).replace(tzinfo=None), "s")


def ensure_months(db: Session) -> None:
    """Make the year's partitions; in a transaction of its own, since that locks."""
    db.execute(_MONTHS, {"since": TERMS[0].starts_on, "until": TERMS[-1].ends_on})


def student_ids(*, students: int, seed: int) -> set[str]:
    """Return the ids that ``generate_district`` gives to its students."""
    return set(draw_district(students, seed).tables["students"]["student_id"])


def _check(db: Session, tenant: Tenant, students: int, today: date) -> None:
    if not 1 <= students <= MOST_STUDENTS:
        raise DistrictSizeInvalid(students=students, most=MOST_STUDENTS)
    if not TERMS[0].starts_on <= today <= TERMS[-1].ends_on:
        raise DistrictDateInvalid(first=TERMS[0].starts_on, last=TERMS[-1].ends_on, today=today)
    present = db.scalar(select(func.count()).select_from(Student))
    if present:
        raise TenantNotEmpty(slug=tenant.slug, students=present)

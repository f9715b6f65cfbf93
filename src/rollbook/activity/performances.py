"""Verbs of performances, preferences and routines."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from rollbook.activity.amounts import Amount, exact
from rollbook.activity.models import Activity, Routine
from rollbook.core.errors import NotFound
from rollbook.core.sql import named_sql
from rollbook.core.tenancy import Tenant

_SQL: Final = named_sql("rollbook.activity", "performances.sql")
EVERYTHING: Final = 1_000_000


class ActivityNotFound(NotFound):
    """There is no activity '{activity_code}'. The list of activities names them all."""


class RoutineNotFound(NotFound):
    """There is no routine '{routine_code}'. `rollbook import csv routines` brings routines in."""


@dataclass(frozen=True, slots=True)
class Given:
    """A performance to record. ``score``: out of the activity's ``max_score``."""

    student_id: UUID
    performed_on: date
    score: Amount | None
    duration_minutes: Amount | None = None
    attempt: int = 1
    notes: str | None = None


@dataclass(frozen=True, slots=True)
class Performance:
    """How a student did in an activity once."""

    performance_id: UUID
    activity_code: str
    name: str
    activity_type: str
    performed_on: date
    attempt: int
    score: Decimal | None
    max_score: Decimal
    duration_minutes: Decimal | None
    notes: str | None


@dataclass(frozen=True, slots=True)
class Improvement:
    """How a student came on in an activity. Units: percent of the highest score; of it, in 30 days."""

    activity_code: str
    name: str
    performances: int
    first_on: date
    last_on: date
    first_percent: Decimal
    last_percent: Decimal
    change_per_30_days: float | None


@dataclass(frozen=True, slots=True)
class ActivityLine:
    """An activity of the catalogue, and how the students in sight did in it."""

    activity_id: UUID
    activity_code: str
    name: str
    activity_type: str
    difficulty_level: int | None
    max_score: Decimal
    performances: int
    students: int
    mean_percent: Decimal | None


@dataclass(frozen=True, slots=True)
class Preference:
    """How much a student likes a kind of activity: 1 dislikes ... 5 loves."""

    activity_type: str
    preference_level: int
    notes: str | None


@dataclass(frozen=True, slots=True)
class Metric:
    """What was measured when a student did a routine."""

    routine_code: str
    name: str
    performed_on: date
    metric_name: str
    metric_value: Decimal


def record_performances(db: Session, tenant: Tenant, activity_code: str, given: Sequence[Given]) -> None:
    """Keep performances in one activity; what is there already is corrected, its former version kept.

    Raises: ``ActivityNotFound``.
    """
    found = select(Activity.activity_id).where(
        Activity.tenant_id == tenant.tenant_id, Activity.activity_code == activity_code
    )
    activity_id = db.scalar(found)
    if activity_id is None:
        raise ActivityNotFound(activity_code=activity_code)
    params = {
        "tenant_id": tenant.tenant_id,
        "student_ids": [each.student_id for each in given],
        "activity_ids": [activity_id] * len(given),
        "days": [each.performed_on for each in given],
        "attempts": [each.attempt for each in given],
        "scores": exact(each.score for each in given),
        "minutes": exact(each.duration_minutes for each in given),
        "notes": [each.notes for each in given],
    }
    db.execute(_SQL["record_performances"], params)


def performances_of(  # noqa: PLR0913 -- whose, of what, when, how many
    db: Session,
    tenant: Tenant,
    student_id: UUID,
    since: date,
    until: date,
    *,
    activity_code: str | None = None,
    limit: int = EVERYTHING,
) -> list[Performance]:
    """Return the student's performances in [since, until], both included, the newest first."""
    key = {"tenant_id": tenant.tenant_id, "student_id": student_id, "since": since, "until": until}
    asked = key | {"activity_code": activity_code, "page_size": limit}
    return [Performance(*row) for row in db.execute(_SQL["performances"], asked)]


def improvement_of(
    db: Session, tenant: Tenant, student_id: UUID, since: date, until: date
) -> list[Improvement]:
    """Return how the student came on in each activity in [since, until], both included."""
    key = {"tenant_id": tenant.tenant_id, "student_id": student_id, "since": since, "until": until}
    return [Improvement(*row) for row in db.execute(_SQL["improvement"], key)]


def list_activities(db: Session, tenant: Tenant, since: date, until: date) -> list[ActivityLine]:
    """Return the catalogue, with what the students in sight did in [since, until], both included."""
    key = {"tenant_id": tenant.tenant_id, "since": since, "until": until}
    return [ActivityLine(*row) for row in db.execute(_SQL["activity_list"], key)]


def set_preference(db: Session, tenant: Tenant, student_id: UUID, preference: Preference) -> None:
    """Keep how much the student likes a kind of activity."""
    key = {"tenant_id": tenant.tenant_id, "student_id": student_id}
    values = {
        "activity_type": preference.activity_type,
        "preference_level": preference.preference_level,
        "notes": preference.notes,
    }
    db.execute(_SQL["set_preference"], key | values)


def preferences_of(db: Session, tenant: Tenant, student_id: UUID) -> list[Preference]:
    """Return what the student likes, best first."""
    key = {"tenant_id": tenant.tenant_id, "student_id": student_id}
    return [Preference(*row) for row in db.execute(_SQL["preferences"], key)]


def record_metrics(  # noqa: PLR0913, PLR0917 -- whose, of what, when, what
    db: Session,
    tenant: Tenant,
    student_id: UUID,
    routine_code: str,
    performed_on: date,
    metrics: Mapping[str, Amount],
) -> None:
    """Keep what was measured when the student did a routine.

    Raises: ``RoutineNotFound``.
    """
    found = select(Routine.routine_id).where(
        Routine.tenant_id == tenant.tenant_id, Routine.routine_code == routine_code
    )
    routine_id = db.scalar(found)
    if routine_id is None:
        raise RoutineNotFound(routine_code=routine_code)
    key = {"tenant_id": tenant.tenant_id, "student_id": student_id, "routine_id": routine_id}
    values = {"performed_on": performed_on, "names": list(metrics), "metric_values": exact(metrics.values())}
    db.execute(_SQL["record_metrics"], key | values)


def metrics_of(db: Session, tenant: Tenant, student_id: UUID, since: date, until: date) -> list[Metric]:
    """Return what was measured in the student's routines in [since, until], the newest first."""
    key = {"tenant_id": tenant.tenant_id, "student_id": student_id, "since": since, "until": until}
    return [Metric(*row) for row in db.execute(_SQL["metrics"], key)]

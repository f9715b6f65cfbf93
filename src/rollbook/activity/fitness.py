"""Verbs of fitness tests: the tenant's tests and zones, results, and who is in the healthy zone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final, Literal
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from rollbook.activity.amounts import Amount, exact
from rollbook.activity.models import FitnessTest, Sex
from rollbook.core import clock
from rollbook.core.errors import Invalid, NotFound
from rollbook.core.sql import named_sql
from rollbook.core.tenancy import Tenant

_SQL: Final = named_sql("rollbook.activity", "fitness.sql")
# A share of fewer students could tell of one of them.
FEWEST: Final = 10

ZoneName = Literal["below", "healthy", "above"]


class FitnessTestNotFound(NotFound):
    """There is no fitness test '{test_code}'. Define it, then its zones and results."""


class ZoneTwice(Invalid):
    """The zones name one sex and age twice: {twice}. Each can have one zone."""


@dataclass(frozen=True, slots=True)
class Zone:
    """The healthy results at an age: [low, high], None = open on that side."""

    sex: Sex
    age_years: int
    low: Amount | None
    high: Amount | None


@dataclass(frozen=True, slots=True)
class Result:
    """A student's result. ``age_years``: whole years on the day; ``zone``: None where no rule fits."""

    student_id: UUID
    test_code: str
    name: str
    unit: str
    tested_on: date
    result_value: Decimal
    age_years: int | None
    low_value: Decimal | None
    high_value: Decimal | None
    zone: ZoneName | None


@dataclass(frozen=True, slots=True)
class ZoneShare:
    """A grade of a school in a test, by each student's last result; the figures of a small group are None."""

    test_code: str
    name: str
    unit: str
    school_code: str | None
    school: str | None
    grade_level: int | None
    students: int | None
    below: int | None
    healthy: int | None
    above: int | None
    without_rule: int | None

    @property
    def healthy_rate(self) -> float | None:
        """The share in the healthy zone, 0..1, of those who have a zone."""
        return self.healthy / self.students if self.students and self.healthy is not None else None


def define_test(  # noqa: PLR0913 -- what a test is
    db: Session, tenant: Tenant, test_code: str, *, name: str, unit: str, component: str | None = None
) -> FitnessTest:
    """Return the test with this code, made or renamed as said."""
    test = _find(db, tenant, test_code)
    if test is None:
        test = FitnessTest(tenant_id=tenant.tenant_id, test_code=test_code)
        db.add(test)
    elif (test.name, test.unit, test.component) == (name, unit, component):
        return test
    test.name, test.unit, test.component = name, unit, component
    test.known_at = clock.now()
    db.flush()
    return test


def set_zones(db: Session, tenant: Tenant, test_code: str, zones: Sequence[Zone]) -> None:
    """Keep the tenant's zones of a test; zones of other sexes and ages stay.

    Raises: ``FitnessTestNotFound``; ``ZoneTwice``.
    """
    keys = [(zone.sex.value, zone.age_years) for zone in zones]
    twice = sorted({key for key in keys if keys.count(key) > 1})
    if twice:
        raise ZoneTwice(twice=", ".join(f"{sex} {age}" for sex, age in twice))
    params = {
        "tenant_id": tenant.tenant_id,
        "fitness_test_id": _get(db, tenant, test_code).fitness_test_id,
        "sexes": [zone.sex.value for zone in zones],
        "ages": [zone.age_years for zone in zones],
        "lows": exact(zone.low for zone in zones),
        "highs": exact(zone.high for zone in zones),
    }
    db.execute(_SQL["set_zones"], params)


def record_results(
    db: Session, tenant: Tenant, test_code: str, tested_on: date, results: Mapping[UUID, Amount]
) -> None:
    """Keep the results of students in a test on a day.

    Units:  the test's.
    Raises: ``FitnessTestNotFound``.
    """
    test_id = _get(db, tenant, test_code).fitness_test_id
    key = {"tenant_id": tenant.tenant_id, "fitness_test_id": test_id, "tested_on": tested_on}
    values = {"student_ids": list(results), "results": exact(results.values())}
    db.execute(_SQL["record_results"], key | values)


def fitness_results(
    db: Session, tenant: Tenant, since: date, until: date, *, student_id: UUID | None = None
) -> list[Result]:
    """Return results with their zones in [since, until], both included, of a student or of all in sight."""
    key = {"tenant_id": tenant.tenant_id, "student_id": student_id, "since": since, "until": until}
    return [Result(*row) for row in db.execute(_SQL["results"], key)]


def zone_shares(  # noqa: PLR0913 -- when, where, how many at least
    db: Session,
    tenant: Tenant,
    since: date,
    until: date,
    *,
    school: str | None = None,
    minimum: int = FEWEST,
) -> list[ZoneShare]:
    """Return how many students are in which zone by test, school and grade, in [since, until]."""
    key = {"tenant_id": tenant.tenant_id, "since": since, "until": until}
    found = db.execute(_SQL["zone_shares"], key | {"school": school, "minimum": minimum})
    return [ZoneShare(*row) for row in found]


def _find(db: Session, tenant: Tenant, test_code: str) -> FitnessTest | None:
    mine = (FitnessTest.tenant_id == tenant.tenant_id) & (FitnessTest.test_code == test_code)
    return db.scalar(select(FitnessTest).where(mine))


def _get(db: Session, tenant: Tenant, test_code: str) -> FitnessTest:
    test = _find(db, tenant, test_code)
    if test is None:
        raise FitnessTestNotFound(test_code=test_code)
    return test

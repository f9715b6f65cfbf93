"""Verbs of the demo."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

import numpy as np
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from rollbook.attendance.refreshing import refresh_weeks
from rollbook.core.database import engine_for
from rollbook.core.errors import Conflict, Invalid
from rollbook.core.progress import Report, Silent
from rollbook.core.sql import named_sql
from rollbook.core.tenancy import Tenant, Visibility, ensure_tenant, transaction
from rollbook.core.words import many
from rollbook.curriculum.models import Course
from rollbook.demo.calendar import LATEST_YEAR, TIME_ZONE, SchoolYear
from rollbook.demo.district import draw_district, world_of
from rollbook.demo.facts import Batch
from rollbook.demo.phases import PHASES, Phase
from rollbook.demo.plan import STUDENTS
from rollbook.demo.world import World
from rollbook.demo.write import Writer, ensure_months
from rollbook.ops.migrate import upgrade
from rollbook.ops.work import running_server
from rollbook.roster.models import School, Staff, Student

SEED: Final = 20261120
MOST_STUDENTS: Final = 500_000
MOST_YEARS: Final = 9  # a load of attendance spans ten at most
_SILENT: Final = Silent()
_SQL: Final = named_sql("rollbook.demo")


class DistrictSizeInvalid(Invalid):
    """{students} students over {years} years cannot be made: choose 1 to {most}, and 1 to {longest} years."""


class DistrictDateInvalid(Invalid):
    """The district's latest school year is known from {first} to {last}: {today} is outside."""


class TenantNotEmpty(Conflict):
    """The tenant '{slug}' already holds {what}; a district is made in an empty one."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What district is wanted. ``today`` none = the day by which all of the latest year is known."""

    students: int = STUDENTS
    seed: int = SEED
    years: int = 1
    today: date | None = None
    phases: Sequence[Phase] = PHASES

    def world(self) -> World:
        """Return the district that this makes.

        Raises: ``DistrictSizeInvalid``; ``DistrictDateInvalid``.
        """
        if not (1 <= self.students <= MOST_STUDENTS and 1 <= self.years <= MOST_YEARS):
            raise DistrictSizeInvalid(
                students=self.students, years=self.years, most=MOST_STUDENTS, longest=MOST_YEARS
            )
        year = SchoolYear(LATEST_YEAR)
        today = self.today or year.closes_on
        if not year.starts_on <= today <= year.closes_on:
            raise DistrictDateInvalid(first=year.starts_on, last=year.closes_on, today=today)
        return world_of(self.students, self.seed, years=self.years, today=today)


@dataclass(frozen=True, slots=True)
class DistrictSummary:
    """What was written. Shape: ``rows`` by table, corrections not counted."""

    rows: dict[str, int]
    corrections: int


def generate_district(db: Session, tenant: Tenant, plan: Plan, report: Report = _SILENT) -> DistrictSummary:
    """Fill the empty ``tenant`` with a synthetic district, with all that was known by the close of its day.

    The same plan gives the same rows, ids and instants included; an earlier day gives fewer.
    Raises: ``DistrictSizeInvalid``; ``DistrictDateInvalid``; ``TenantNotEmpty``.
    """
    world = plan.world()
    db.execute(_SQL["demo_lock"], {"slug": tenant.slug})
    check_empty(db, tenant)
    tenant.is_synthetic, tenant.time_zone, tenant.risk_target = True, TIME_ZONE, "student"
    db.flush()
    writer = Writer(db, tenant, world.years[0].opens_on, world.years[-1].closes_on)
    rows, corrections = Counter[str](), 0
    told = _Told(report)
    for batch in draw_district(world, plan.phases):
        told.now_comes(batch)
        rows[batch.table] += writer.write(batch)
        corrections += sum(map(len, batch.corrections))
    report.step("Finishing")
    writer.finish()
    for table in rows:
        db.execute(_SQL["demo_analyze"], {"relation": table})
    refresh_weeks(db, tenant)
    return DistrictSummary(dict(rows), corrections)


class _Told:
    """Tells of each table once, however many batches it comes in."""

    def __init__(self, report: Report) -> None:
        self._report, self._table = report, ""

    def now_comes(self, batch: Batch) -> None:
        if batch.table != self._table:
            self._table = batch.table
            self._report.step(f"Writing {batch.table}")


def generate_into(slug: str, plan: Plan, report: Report, *, migrate: bool = True) -> DistrictSummary:
    """Generate into the tenant ``slug`` of the running server, made if new, all in one transaction.

    Raises: what ``generate_district`` and ``running_server`` raise; ``TenantSlugInvalid``.
    """
    status = running_server()
    if migrate:
        upgrade(status.owner_url, report=report)
    engine = engine_for(status.url, statement_timeout_s=0)
    with Session(engine) as db, db.begin():
        tenant_id = ensure_tenant(db, slug, name=slug, is_synthetic=True).tenant_id
    with transaction(engine, Visibility(tenant_id)) as db:
        check_empty(db, db.get_one(Tenant, tenant_id))
        prepare_months(db, plan)
    with transaction(engine, Visibility(tenant_id)) as db:
        return generate_district(db, db.get_one(Tenant, tenant_id), plan, report)


def prepare_months(db: Session, plan: Plan) -> None:
    """Make the partitions that ``plan`` needs; in a transaction of its own, since that locks."""
    years = plan.world().years
    ensure_months(db, years[0].opens_on, years[-1].closes_on + timedelta(days=1))


def student_ids(plan: Plan) -> set[str]:
    """Return the ids that ``generate_district`` gives to its students."""
    people = [phase for phase in PHASES if phase.number <= 2]
    drawn = draw_district(plan.world(), people)
    rows = [batch.rows["student_id"] for batch in drawn if batch.table == "students"]
    return {value.hex() for ids in rows if isinstance(ids, np.ndarray) for value in ids.tolist()}


def check_empty(db: Session, tenant: Tenant) -> None:
    """See that nothing is in ``tenant`` that a district would mix with.

    Raises: ``TenantNotEmpty``.
    """
    for model, what in ((Student, "student"), (School, "school"), (Staff, "employee"), (Course, "course")):
        held = db.scalar(select(func.count()).where(model.tenant_id == tenant.tenant_id))
        if held:
            raise TenantNotEmpty(slug=tenant.slug, what=many(held, what))

"""Who is asked about, on which days: the cohort, and how it ended for them."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID

import numpy as np
from sqlalchemy import text
from sqlalchemy.orm import Session

from rollbook.core.clock import close_of_day
from rollbook.core.sql import named_sql
from rollbook.core.tenancy import Tenant
from rollbook.risk.arrays import Floats
from rollbook.risk.errors import BeforeData, CohortEmpty, NoSections

_SQL: Final = named_sql("rollbook.risk")
# The planner cannot guess how few versions of a fact are current at an instant; looping over whole tables for
# "one" row that were thousands took 100 times as long as hashing them.
_PLAN: Final = text(
    "SELECT set_config('enable_nestloop', :nested_loops, true), set_config('jit', 'off', true)"
)
_TABLES: Final = ("cohort_days", "cohort_sections", "cohort")


@dataclass(frozen=True, slots=True)
class Subject:
    """A student in a section, or a student (course and section none), as of a day."""

    subject: int
    student_id: UUID
    section_id: UUID | None
    student_number: str
    course_code: str | None
    section_code: str | None
    starts_on: date
    as_of: date

    @property
    def days_elapsed(self) -> int:
        """Days since the first section started."""
        return (self.as_of - self.starts_on).days


@dataclass(frozen=True, slots=True)
class Cohort:
    """The subjects that lie in the temporary tables of this transaction, numbered from 1 in their order."""

    subjects: Sequence[Subject]

    def __len__(self) -> int:
        """Return the number of subjects."""
        return len(self.subjects)

    def __iter__(self) -> Iterator[Subject]:
        """Go through them in order."""
        return iter(self.subjects)


def make_tables(db: Session) -> None:
    """Make the temporary tables that features.sql files read, empty, until the transaction ends."""
    for table in _TABLES:
        db.execute(_SQL[f"make_{table}"])
        db.execute(text(f"TRUNCATE {table}"))


@contextmanager
def planned_for_sets(db: Session) -> Iterator[None]:
    """Let the planner hash and merge, not loop, while the block runs."""
    db.execute(_PLAN, {"nested_loops": "off"})
    yield
    db.execute(_PLAN, {"nested_loops": "on"})


def gather(
    db: Session, tenant: Tenant, days: Sequence[date], *, elapsed: Sequence[int] | None = None
) -> Cohort:
    """Fill the temporary tables with who is enrolled and undecided on each of ``days``.

    ``elapsed`` keeps, of a student in a section, only these days after the section's start.
    """
    make_tables(db)
    closes = [close_of_day(day, tenant.time_zone) for day in days]
    db.execute(_SQL["add_cohort_days"], {"days": list(days), "closes": closes})
    by_section = tenant.risk_target == "course"
    grid = None if elapsed is None else list(elapsed)
    with planned_for_sets(db):
        db.execute(_SQL["fill_cohort_sections"], {"by_section": by_section, "elapsed": grid})
    db.execute(_SQL["fill_cohort"], {"by_section": by_section})
    for table in _TABLES:
        db.execute(text(f"ANALYZE {table}"))
    return Cohort([Subject(*row) for row in db.execute(_SQL["subjects"])])


def gather_day(db: Session, tenant: Tenant, as_of: date) -> Cohort:
    """Fill the temporary tables with the cohort of one day.

    Raises: ``NoSections``; ``BeforeData``; ``CohortEmpty``.
    """
    require_data(db, tenant, as_of)
    cohort = gather(db, tenant, [as_of])
    if not cohort:
        raise CohortEmpty(tenant=tenant.slug, as_of=as_of)
    return cohort


def require_data(db: Session, tenant: Tenant, as_of: date) -> None:
    """Refuse a day before the first section.

    Raises: ``NoSections``; ``BeforeData``.
    """
    first = db.scalar(_SQL["first_start"])
    if first is None:
        raise NoSections(tenant=tenant.slug)
    if as_of < first:
        raise BeforeData(tenant=tenant.slug, as_of=as_of, first=first)


def gather_grid(db: Session, tenant: Tenant, elapsed: Sequence[int], *, ended_by: date) -> Cohort:
    """Fill the tables with the cohorts so many days after the start of each section that ended by a day."""
    days = db.scalars(_SQL["days_of_sections"], {"elapsed": list(elapsed), "ended_by": ended_by}).all()
    return gather(db, tenant, days, elapsed=elapsed)


def elapsed_days(db: Session, as_of: date) -> list[int]:
    """Return how long the sections that run on a day have run."""
    return list(db.scalars(_SQL["elapsed_days"], {"as_of": as_of}))


def labels(db: Session, tenant: Tenant, *, learned_by: date) -> Floats:
    """Return for each subject 1 = at risk, 0 = not, nan = not known by the close of a day.

    Only what became known strictly after the subject's own day counts, and only once its sections have ended.
    """
    params = {"learned_until": close_of_day(learned_by, tenant.time_zone), "ended_by": learned_by}
    known = db.execute(_SQL["labels"], params)
    return np.array([np.nan if row.is_at_risk is None else float(row.is_at_risk) for row in known])

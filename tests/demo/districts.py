"""Small districts for tests, made in the test's own transaction."""

from datetime import date

from sqlalchemy.orm import Session

from rollbook.core.tenancy import Tenant
from rollbook.demo.calendar import TODAY
from rollbook.demo.phases import ALL, close
from rollbook.demo.service import SEED, DistrictSummary, Plan, generate_district, prepare_months


def fill(  # noqa: PLR0913 - each says one thing about the district
    db: Session,
    tenant: Tenant,
    students: int = 130,
    *,
    seed: int = SEED,
    years: int = 1,
    today: date = TODAY,
    phases: frozenset[int] = ALL,
) -> DistrictSummary:
    """Fill ``tenant`` with what the demo would know of a district of ``students``."""
    plan = Plan(students, seed, years, today, tuple(close(phases)))
    prepare_months(db, plan)
    return generate_district(db, tenant, plan)

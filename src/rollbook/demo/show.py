"""The steps of `rollbook demo`: from an empty server to a list of students with reasons, each done once."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Final

from sqlalchemy import Engine, make_url
from sqlalchemy.orm import Session

from rollbook.core.database import engine_for
from rollbook.core.errors import Conflict
from rollbook.core.progress import Report
from rollbook.core.sql import named_sql
from rollbook.core.tenancy import Tenant, TenantNotFound, Visibility, ensure_tenant, find_tenant, transaction
from rollbook.demo import service
from rollbook.demo.calendar import TODAY
from rollbook.demo.plan import STUDENTS
from rollbook.demo.sign_ins import SignIn, ensure_sign_ins
from rollbook.exchange import oulad
from rollbook.ops import migrate
from rollbook.ops.server import ServerStatus
from rollbook.risk import service as risk

SLUG: Final = "demo"
NAME: Final = "Lakeside Unified School District"
WEEKS_SCORED: Final = 6
OULAD_DAY: Final = 56  # of the latest presentation: the data set's usual place to look
TOP: Final = 5
_SQL: Final = named_sql("rollbook.demo")


class DemoDiffers(Conflict):
    """Tenant 'demo' holds another district than --students {students} --seed {seed} makes: give its own."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What the demo is asked for."""

    students: int = STUDENTS
    seed: int = service.SEED
    oulad: Path | None = None

    @property
    def district(self) -> service.Plan:
        """Return the synthetic district, on the day on which the demo stands still."""
        return service.Plan(self.students, self.seed, today=TODAY)


@dataclass(frozen=True, slots=True)
class Listed:
    """One line of the list of students."""

    rank: int
    student: str
    section: str | None
    risk_score: float
    risk_category: str
    reason: str | None


@dataclass(frozen=True, slots=True)
class Model:
    """The model behind the list. Units: AUC 0..1 on held-out students, with the bounds of its interval."""

    version: str
    kind: str
    trained_as_of: date
    training_rows: int
    held_out: str
    auc: float | None
    auc_low: float | None
    auc_high: float | None
    auc_of_rule: float | None


@dataclass(frozen=True, slots=True)
class TenantShown:
    """What the demo has to show of one tenant. Shape: ``totals`` rows by kind; ``top`` highest risk first."""

    slug: str
    name: str
    is_synthetic: bool
    as_of: date
    totals: dict[str, int]
    model: Model
    top: list[Listed]
    sign_ins: list[SignIn] = field(repr=False)


@dataclass(frozen=True, slots=True)
class _Stage:
    """Where the demo plays: each step is one transaction in one tenant."""

    url: str
    secret: str
    report: Report

    def find_tenant_id(self, slug: str) -> int | None:
        with Session(self._engine) as db, db.begin():
            try:
                return find_tenant(db, slug).tenant_id
            except TenantNotFound:
                return None

    def make_tenant(self, slug: str, name: str) -> int:
        with Session(self._engine) as db, db.begin():
            return ensure_tenant(db, slug, name=name, is_synthetic=True).tenant_id

    @contextmanager
    def work(self, tenant_id: int) -> Iterator[tuple[Session, Tenant]]:
        with transaction(self._engine, Visibility(tenant_id)) as db:
            yield db, db.get_one(Tenant, tenant_id)

    @property
    def _engine(self) -> Engine:
        return engine_for(self.url, statement_timeout_s=0)


def check(plan: Plan) -> None:
    """See, before all the work, that the files are there.

    Raises: what ``oulad.find_drop`` raises.
    """
    if plan.oulad is not None:
        oulad.find_drop(plan.oulad)


def prepare(status: ServerStatus, plan: Plan, report: Report) -> list[TenantShown]:
    """Bring the schema up to date, fill the tenants, train, score, and say what there is to see.

    Raises: ``DemoDiffers``; what ``generate_district``, ``import_oulad`` and ``risk.train`` raise.
    """
    migrate.upgrade(status.owner_url, report=report)
    stage = _Stage(status.url, make_url(status.url).password or status.url, report)
    shown = [_show_district(stage, plan)]
    return shown if plan.oulad is None else [*shown, _show_oulad(stage, plan.oulad)]


def _show_district(stage: _Stage, plan: Plan) -> TenantShown:
    tenant_id = stage.make_tenant(SLUG, NAME)
    with stage.work(tenant_id) as (db, _):
        service.prepare_months(db, plan.district)
    with stage.work(tenant_id) as (db, tenant):
        _ensure_district(db, tenant, plan, stage.report)
    return _show(stage, tenant_id, TODAY)


def _ensure_district(db: Session, tenant: Tenant, plan: Plan, report: Report) -> None:
    """Generate the district, or find the very same: its ids follow from the seed."""
    present = {student_id.hex for student_id in db.scalars(_SQL["demo_students"])}
    if not present:
        service.generate_district(db, tenant, plan.district, report)
    elif present != service.student_ids(plan.district):
        raise DemoDiffers(students=plan.students, seed=plan.seed)


def _show_oulad(stage: _Stage, directory: Path) -> TenantShown:
    """Import the real students unless they are here; the model learns from the earlier presentations."""
    tenant_id = stage.find_tenant_id(oulad.SLUG)
    if tenant_id is None:
        oulad.import_oulad(stage.url, directory, report=stage.report)
        tenant_id = stage.find_tenant_id(oulad.SLUG)
        assert tenant_id is not None
    with stage.work(tenant_id) as (db, _):
        latest = db.execute(_SQL["demo_latest_presentation"]).one()
    return _show(stage, tenant_id, min(latest.starts_on + timedelta(days=OULAD_DAY), latest.ends_on))


def _show(stage: _Stage, tenant_id: int, as_of: date) -> TenantShown:
    """Train once, score the weeks up to ``as_of``, let one person of each role in, and look at the result."""
    _score_weeks(stage, tenant_id, as_of)
    with stage.work(tenant_id) as (db, tenant):
        sign_ins = ensure_sign_ins(db, tenant, as_of, stage.secret)
        top = db.execute(_SQL["demo_top"], {"as_of": as_of, "count": TOP}).mappings()
        return TenantShown(
            slug=tenant.slug,
            name=tenant.name,
            is_synthetic=tenant.is_synthetic,
            as_of=as_of,
            totals=dict(db.execute(_SQL["demo_totals"]).mappings().one()),
            model=Model(**db.execute(_SQL["demo_model"]).mappings().one()),
            top=[Listed(**row) for row in top],
            sign_ins=sign_ins,
        )


def _score_weeks(stage: _Stage, tenant_id: int, as_of: date) -> None:
    """Score a date a week, so that a score has a history; dates that are scored stay as they are."""
    with stage.work(tenant_id) as (db, tenant):
        if db.execute(_SQL["demo_model"]).first() is None:
            risk.train(db, tenant, as_of, report=stage.report)
        scored = set(db.scalars(_SQL["demo_scored_dates"]))
    weeks = [as_of - timedelta(weeks=ago) for ago in reversed(range(WEEKS_SCORED))]
    for week in sorted(set(weeks) - scored):
        with stage.work(tenant_id) as (db, tenant):
            risk.score(db, tenant, week, report=stage.report)

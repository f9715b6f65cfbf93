"""Two tenants with three months of old attendance, and what tests ask of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from rollbook.core.database import engine_for
from rollbook.core.tenancy import Tenant, Visibility, ensure_tenant, look_through, transaction
from rollbook.ops.archive import querying
from rollbook.ops.archive.rules import Keeping
from rollbook.ops.archive.store import Store
from rollbook.privacy.archiving import rules_of
from rollbook.testing import factories as make
from rollbook.testing.databases import Database

TABLE = "attendance_records"
FEBRUARY, MARCH, APRIL = date(2019, 2, 1), date(2019, 3, 1), date(2019, 4, 1)
ROWS = "SELECT r::text FROM attendance_records AS r ORDER BY student_id, date, period"
COUNT = "SELECT count(*) FROM attendance_records"


@dataclass(frozen=True)
class World:
    """A database, where its archives lie, and the tenants by slug."""

    app: Engine
    keeping: Keeping
    tenants: dict[str, int]

    def rows(self, statement: str = ROWS) -> dict[str, Sequence[Any]]:
        """What each tenant sees, as the app's role."""
        return {slug: self.ask(slug, statement) for slug in self.tenants}

    def ask(self, slug: str, statement: str) -> Sequence[Any]:
        with transaction(self.app, Visibility(self.tenants[slug])) as db:
            return db.execute(text(statement)).all()

    def whole(self, slug: str, question: str = COUNT) -> Sequence[Any]:
        """What the tenant's query finds, live and archived."""
        with transaction(self.app, Visibility(self.tenants[slug])) as db:
            return querying.query(db, self.keeping.store, question).rows

    def owner(self, statement: str) -> Sequence[Any]:
        with Session(engine_for(self.keeping.owner_url)) as db, db.begin():
            return db.execute(text(statement)).all()


def fill(database: Database, app: Engine, folder: Path, students: int = 12) -> World:
    """Give two tenants a quarter of marks, one of them corrected."""
    tenants = {}
    for slug in ("oak", "elm"):
        with Session(app) as db, db.begin():
            tenant: Tenant = ensure_tenant(db, slug, name=slug)
            tenants[slug] = tenant.tenant_id
            look_through(db, Visibility(tenant.tenant_id))
            make.batch_attendance(
                db, make.batch_students(db, students), since=FEBRUARY, until=date(2019, 4, 30)
            )
            db.execute(
                text(
                    "UPDATE attendance_records SET reason = :said, known_at = now()"
                    " WHERE date = '2019-03-04' AND status <> 'x'"
                ),
                {"said": 'said "ill",\nand: \\N, ""'},
            )
    return World(app, Keeping(database.owner_url, Store(folder / "archive"), rules_of({})), tenants)

"""Two small tenants with every constraint and trigger in place, and who works there: for the known traps."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import psycopg
from psycopg import sql
from sqlalchemy import make_url
from sqlalchemy.orm import Session

from access.proof.catalogue import Connection
from rollbook.core.database import close_engines, engine_for
from rollbook.core.tenancy import Visibility, ensure_tenant, look_through
from rollbook.ops.embedded import connect_as_superuser
from rollbook.testing import factories as make
from rollbook.testing.databases import Database, TestServer

STUDENTS: Final = 3
BI: Final = "bi_town"


@dataclass(frozen=True)
class Town:
    """``mine``, ``hidden``: students of the tenant ``here``; ``abroad``: of ``there``. Names tell where."""

    server: TestServer
    database: Database
    here: int
    there: int
    mine: UUID
    hidden: UUID
    abroad: UUID

    @contextmanager
    def superuser(self) -> Iterator[Connection]:
        """Lend a transaction of the superuser; it is rolled back."""
        name = make_url(self.database.url).database or ""
        with connect_as_superuser(self.server.settings, name) as db:
            db.autocommit = False
            yield db
            db.rollback()

    @contextmanager
    def app(
        self, students: Sequence[UUID] | None = None, *, role: str = "rollbook_app"
    ) -> Iterator[Connection]:
        """Lend a transaction of the app in ``here``, that sees all students or these; it is rolled back."""
        with self.superuser() as db:
            become(db, role)
            settings = {
                "tenant": str(self.here),
                "scope": "tenant" if students is None else "students",
                "students": "" if students is None else "{" + ",".join(map(str, students)) + "}",
            }
            for setting, value in settings.items():
                db.execute("SELECT set_config(%s, %s, true)", [f"rollbook.{setting}", value])
            yield db


def become(db: Connection, role: str) -> None:
    """Go on as ``role``, until the transaction ends."""
    db.execute(sql.SQL("SET LOCAL ROLE {}").format(sql.Identifier(role)))


@contextmanager
def built(server: TestServer) -> Iterator[Town]:
    """Build it, in a database of its own."""
    with server.database() as database:
        with Session(engine_for(database.url)) as db, db.begin():
            there, (abroad, *_) = _tenant(db, "there")
            here, (mine, hidden, *_) = _tenant(db, "here")
        close_engines(database.url)
        yield Town(server, database, here, there, mine, hidden, abroad)


def _tenant(db: Session, slug: str) -> tuple[int, list[UUID]]:
    tenant = ensure_tenant(db, slug, name=slug)
    look_through(db, Visibility(tenant.tenant_id))
    school = make.create_school(db)
    students = [
        make.create_student(
            db, "PUT", name=f"First{slug}{n} Last{slug}{n}", number=f"{slug}-{n}", school=school
        )
        for n in range(STUDENTS)
    ]
    return tenant.tenant_id, [student.student_id for student in students]


def first(db: Connection, query: str, *parameters: Any) -> Any:  # noqa: ANN401 -- whatever the column is
    """Return the first column of the first row."""
    row = db.execute(query, parameters or None).fetchone()
    assert row is not None
    return row[0]


def refusal(db: Connection, query: str, *parameters: Any) -> psycopg.Error:  # noqa: ANN401 -- likewise
    """Return the error that ``query`` ends with; the transaction goes on."""
    try:
        with db.transaction():
            db.execute(query, parameters or None)
    except psycopg.Error as error:
        return error
    raise AssertionError(query)


def told(error: psycopg.Error) -> str:
    """Return all that the server says to who made the error."""
    said = error.diag
    parts = (said.message_primary, said.message_detail, said.message_hint, said.context)
    return "\n".join(part for part in parts if part)

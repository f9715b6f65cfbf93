"""The ids of the cast, the audit of what a request wrote, and everybody who asks."""

from collections.abc import Callable, Iterator

import httpx2
import pytest
from sqlalchemy import Connection, NullPool, create_engine, text

from web import cast as the_cast
from web.hostile.routes import ids_of

# Using a session, and trying to sign in, is written by whoever asks.
OWN = ("user_sessions", "user_sessions_history", "sign_in_tries", "known_devices", "disclosures")
LOOK = text(
    "SELECT set_config('rollbook.tenant_slug', 'oak-valley', true),"
    " set_config('rollbook.tenant', (SELECT tenant_id::text FROM tenants WHERE slug = 'oak-valley'), true),"
    " set_config('rollbook.scope', 'tenant', true)"
)
WRITTEN = text("SELECT DISTINCT table_name FROM audit_writes WHERE request_id = :request")
Written = Callable[[httpx2.Response], set[str]]


@pytest.fixture
def log(world: the_cast.World) -> Iterator[Connection]:
    """Look at all of the district as the owner of the tables."""
    engine = create_engine(world.owner_url, poolclass=NullPool)
    with engine.connect() as connection:
        connection.execute(text("SELECT set_config('rollbook.tenant_slug', 'oak-valley', true)"))
        connection.execute(LOOK)
        yield connection


@pytest.fixture
def written(log: Connection) -> Written:
    """Return what says which tables a request wrote to, but for what every use of a session writes."""

    def of(answer: httpx2.Response) -> set[str]:
        found = log.execute(WRITTEN, {"request": answer.headers["x-request-id"]}).scalars()
        return set(found) - set(OWN)

    return of


@pytest.fixture
def facts(log: Connection, world: the_cast.World) -> dict[str, str]:
    """Return an id of each kind."""
    course_id = log.scalar(text("SELECT course_id FROM courses WHERE course_code = 'ALG1'"))
    incident_id = log.scalar(text("SELECT min(incident_id::text) FROM discipline_incidents"))
    stay = text("SELECT enrollment_id FROM student_school_enrollments WHERE student_id = :ada")
    return ids_of(
        log,
        student_id=world.ada,
        school_id=world.oak,
        section_id=world.algebra,
        lesson_plan_id=world.lesson,
        course_id=course_id,
        incident_id=incident_id,
        enrollment_id=log.scalar(stay, {"ada": world.ada}),
    )

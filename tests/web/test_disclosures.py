"""Whoever is shown a named student is in the disclosure log: on every page, endpoint and file there is."""

from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

import pytest
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient
from sqlalchemy import Connection, Engine, create_engine, text

from rollbook.app.application import ROUTERS
from rollbook.audit import reading
from web import cast as the_cast
from web.clients import SignIn

KINDS = ("csv", "json")
NEEDED = {"/api/v1/calendar": "?school_id={school_id}", "/lesson-plans/new": "?section={section_id}"}
COURSE = text("SELECT course_id FROM courses WHERE course_code = 'ALG1'")
DISCLOSURE = text(
    "SELECT users.email, disclosures.* FROM disclosures JOIN users USING (tenant_id, user_id)"
    " WHERE request_id = :request"
)
# What is shown to anybody, or of no student.
OPEN = {
    "/sign-in",
    "/sign-in/code",
    "/sign-in/with/{tenant}/{name}",
    "/sign-in/with/{tenant}/{name}/back",
    "/health",
    "/ready",
    "/metrics",
    "/",
    "/api/v1/openapi.json",
}
LOOK = text(
    "SELECT set_config('rollbook.tenant', :tenant, true), set_config('rollbook.scope', 'tenant', true)"
)


@dataclass(frozen=True)
class Named:
    """A student of the cast, by all that names them."""

    student_id: UUID
    number: str
    names: tuple[str, ...]

    def is_in(self, shown: str) -> bool:
        return any(name in shown for name in (str(self.student_id), *self.names))


@pytest.fixture(scope="module")
def owner(world: the_cast.World) -> Iterator[Engine]:
    engine = create_engine(world.owner_url)
    yield engine
    engine.dispose()


@pytest.fixture
def log(owner: Engine) -> Iterator[Connection]:
    with owner.connect() as connection, connection.begin() as transaction:
        tenant = connection.scalar(text("SELECT set_config('rollbook.tenant_slug', 'oak-valley', true)"))
        assert tenant == "oak-valley"
        connection.execute(LOOK, {"tenant": str(_tenant_id(connection))})
        yield connection
        transaction.rollback()


def _tenant_id(connection: Connection) -> int:
    found: int = connection.scalar(text("SELECT tenant_id FROM tenants WHERE slug = 'oak-valley'")) or 0
    return found


def _students(log: Connection) -> list[Named]:
    rows = log.execute(text("SELECT student_id, student_number, first_name, last_name FROM students")).all()
    return [
        Named(
            row.student_id,
            row.student_number,
            (f"{row.first_name} {row.last_name}", f"{row.last_name}, {row.first_name}"),
        )
        for row in rows
    ]


def _disclosed(log: Connection, request_id: str) -> set[UUID]:
    found = log.execute(
        text("SELECT student_id FROM disclosures WHERE request_id = :request"), {"request": request_id}
    )
    return set(found.scalars())


def _addresses(world: the_cast.World, course_id: UUID) -> list[str]:
    """Return an address of every route that answers GET, with the cast's ids in it."""
    facts = {
        "student_id": world.ada,
        "school_id": world.oak,
        "section_id": world.algebra,
        "lesson_plan_id": world.lesson,
        "course_id": course_id,
    }
    found = []
    for route in (route for router in ROUTERS for route in router.routes):
        if not isinstance(route, APIRoute) or "GET" not in (route.methods or ()) or route.path in OPEN:
            continue
        kinds = KINDS if "{kind}" in route.path else ("",)
        form = route.path + NEEDED.get(route.path, "")
        found += [form.format_map(facts | {"kind": kind}) for kind in kinds]
    return sorted(found)


@dataclass(frozen=True)
class Answered:
    """An address, who was in the answer, and whom the log says it showed."""

    address: str
    shown: set[UUID]
    disclosed: set[UUID]


def _walk(client: TestClient, world: the_cast.World, log: Connection) -> list[Answered]:
    students = _students(log)
    course: UUID = log.execute(COURSE).scalar_one()
    walked = []
    for address in _addresses(world, course):
        answer = client.get(address)
        if address.startswith("/admin") and answer.status_code == 303:
            continue  # it asks for a second factor first, which the cast has not
        assert answer.status_code == 200, (address, answer.text)
        shown = {student.student_id for student in students if student.is_in(answer.text)}
        walked.append(Answered(address, shown, _disclosed(log, answer.headers["x-request-id"])))
    return walked


def test_every_route_that_shows_a_student_says_so_in_the_log(
    sign_in: SignIn, world: the_cast.World, log: Connection
) -> None:
    walked = _walk(sign_in("district_admin"), world, log)

    assert [one.address for one in walked if one.shown - one.disclosed] == []
    assert len([one for one in walked if one.shown]) > 20, "it looked at what shows students"
    about_ada = [one for one in walked if str(world.ada) in one.address]
    assert len(about_ada) > 5
    assert [one.address for one in about_ada if one.disclosed != {world.ada}] == []


def test_what_shows_no_student_is_not_in_the_log(
    sign_in: SignIn, world: the_cast.World, log: Connection
) -> None:
    client = sign_in("district_admin")

    for path in ("/schools", "/schools.csv", f"/schools/{world.oak}", "/sections", "/api/v1/courses"):
        assert _disclosed(log, client.get(path).headers["x-request-id"]) == set()
    unknown = client.get(f"/students/{UUID(int=7)}")
    assert unknown.status_code == 404
    assert _disclosed(log, unknown.headers["x-request-id"]) == set()


def test_a_page_that_does_not_note_its_students_is_noticed(
    sign_in: SignIn, world: the_cast.World, log: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "_COLUMN", "no_such_column")

    walked = _walk(sign_in("district_admin"), world, log)

    assert len([one for one in walked if one.shown - one.disclosed]) > 20


@pytest.mark.parametrize(
    ("who", "interest"),
    [
        ("teacher", "teacher of a section that the student takes"),
        ("counselor", "counselor whom the student's enrollment names"),
        ("principal", "principal at the student's school"),
        ("district_admin", "district admin of the student's district"),
    ],
)
def test_a_disclosure_says_who_saw_what_by_which_rule_and_what_for(
    sign_in: SignIn, world: the_cast.World, log: Connection, who: str, interest: str
) -> None:
    answer = sign_in(who).get(f"/students/{world.ada}", headers={"Rollbook-Purpose": "a call home"})

    row = log.execute(DISCLOSURE, {"request": answer.headers["x-request-id"]}).one()
    assert row.email == f"{who}@oak.example"
    assert (row.student_id, row.what) == (world.ada, "GET /students/{student_id}")
    assert (row.interest, row.purpose) == (interest, "a call home")


def test_what_cannot_be_written_down_is_not_shown(
    sign_in: SignIn, world: the_cast.World, owner: Engine
) -> None:
    client = sign_in("district_admin")
    paths = [f"/students/{world.ada}", "/caseload.csv", "/api/v1/students"]
    shown = [client.get(path).status_code for path in paths]
    with owner.begin() as connection:
        connection.execute(text("REVOKE INSERT ON disclosures FROM CURRENT_USER"))
    try:
        refused = [client.get(path) for path in paths]
        schools = client.get("/schools")
    finally:
        with owner.begin() as connection:
            connection.execute(text("GRANT INSERT ON disclosures TO CURRENT_USER"))

    assert shown == [200, 200, 200]
    assert [answer.status_code for answer in refused] == [503, 503, 503]
    assert not any("Abara" in answer.text or "Becker" in answer.text for answer in refused)
    assert refused[2].json()["code"] == "DisclosureUnwritten"
    assert schools.status_code == 200, "it shows no student"

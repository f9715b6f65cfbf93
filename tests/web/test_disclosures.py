"""Whoever is shown a named student is in the disclosure log: on every page, endpoint and file there is."""

from dataclasses import dataclass
from uuid import UUID

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Connection, Engine, text

from rollbook.audit import reading
from web import cast as the_cast
from web.clients import SignIn
from web.walking import addresses, students

DISCLOSURE = text(
    "SELECT users.email, disclosures.* FROM disclosures JOIN users USING (tenant_id, user_id)"
    " WHERE request_id = :request"
)


def _disclosed(log: Connection, request_id: str) -> set[UUID]:
    found = log.execute(
        text("SELECT student_id FROM disclosures WHERE request_id = :request"), {"request": request_id}
    )
    return set(found.scalars())


@dataclass(frozen=True)
class Answered:
    """An address, who was in the answer, and whom the log says it showed."""

    address: str
    shown: set[UUID]
    disclosed: set[UUID]


def _walk(client: TestClient, world: the_cast.World, log: Connection) -> list[Answered]:
    known = students(log)
    walked = []
    for address in addresses(world, log):
        answer = client.get(address)
        if address.startswith("/admin") and answer.status_code == 303:
            continue  # it asks for a second factor first, which the cast has not
        assert answer.status_code == 200, (address, answer.text)
        shown = {student.student_id for student in known if student.is_in(answer.text)}
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

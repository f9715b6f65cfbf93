"""Many records at once, administration and the audit ask for a second factor, on every route."""

from urllib.parse import quote
from uuid import UUID

import httpx2
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import Connection, text
from sqlalchemy.orm import Session

from rollbook.access import guarding
from rollbook.access.grants import grant
from rollbook.accounts import service
from rollbook.accounts.keys import Scope, create_key
from rollbook.accounts.models import Role
from rollbook.accounts.models_grants import GrantScope
from rollbook.accounts.second_factor import SecondFactorRolesUnknown, roles_of_two_factors
from rollbook.app import create_app
from rollbook.core.settings import settings
from rollbook.core.tenancy import Visibility, find_tenant, look_through
from web import cast as the_cast
from web.clients import PASSWORD, SignIn, enter, post_form
from web.conftest import forget_tries
from web.test_second_factor import token_of
from web.walking import Named, addresses, students

NEEDED = "/account/second-factor"


def named(answer: str, known: list[Named]) -> set[UUID]:
    return {student.student_id for student in known if student.is_in(answer)}


def is_file(answer: httpx2.Response) -> bool:
    return "attachment" in answer.headers.get("content-disposition", "")


@pytest.fixture
def alone(by_password: SignIn) -> TestClient:
    """An administrator who showed nothing but a password."""
    return by_password("district_admin")


def test_no_route_gives_many_records_for_a_password_alone(
    alone: TestClient, sign_in: SignIn, world: the_cast.World, log: Connection
) -> None:
    known = students(log)
    with_both = sign_in("district_admin")
    asked, faults = [], []
    for address in addresses(world, log):
        answer = alone.get(address)
        shown = named(answer.text, known) if answer.status_code == 200 else set()
        is_export = address.split("?")[0].endswith((".csv", ".json")) or is_file(answer)
        if len(shown) > guarding.MOST_AT_ONCE or (is_export and shown):
            faults.append(address)
        if answer.status_code in (303, 403):
            assert with_both.get(address).status_code == 200, address
            asked.append(address)

    assert faults == []
    assert {"/students.csv", "/caseload.json", "/conduct.csv", "/attendance.json"} <= set(asked)
    assert {"/audit", "/admin/why", "/admin/operations", "/admin/operations.json"} <= set(asked)
    assert "/schools.csv" not in asked, "it names no student"
    assert not {"/students", "/caseload", "/attendance", "/conduct", "/sections"} & set(asked)


def test_what_is_for_administrators_alone_asks_for_a_second_factor(
    alone: TestClient, sign_in: SignIn, world: the_cast.World, log: Connection
) -> None:
    principal, admin = sign_in("principal"), sign_in("district_admin")
    # a form that names one student; what it sends asks (tests/web/test_privacy.py)
    form = f"/students/{world.ada}/record"
    theirs = [
        address
        for address in addresses(world, log)
        if address != form
        and principal.get(address).status_code == 403
        and admin.get(address).status_code == 200
    ]

    assert {"/audit", "/admin/why", "/admin/operations", "/admin/operations.json"} <= set(theirs)
    answers = {address: alone.get(address) for address in theirs}
    pages = {
        address: answer.headers.get("location")
        for address, answer in answers.items()
        if not address.endswith(".json")
    }
    files = [answer for address, answer in answers.items() if address.endswith(".json")]
    assert pages == {address: f"{NEEDED}?next={quote(address)}" for address in pages}
    assert {(answer.status_code, answer.json()["code"]) for answer in files} == {(403, "SecondFactorNeeded")}


def test_a_guard_that_forgets_files_is_noticed(
    alone: TestClient,
    log: Connection,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(guarding, "_FILES", ())

    answer = alone.get("/conduct.csv")

    assert answer.status_code == 200
    assert named(answer.text, students(log))


def test_many_students_at_once_are_asked_for_whatever_the_answer_is(
    alone: TestClient, sign_in: SignIn
) -> None:
    some = alone.get("/api/v1/students?limit=100")
    many = alone.get("/api/v1/students?limit=130")

    assert (some.status_code, many.status_code) == (200, 403)
    assert many.json()["code"] == "SecondFactorNeeded"
    assert sign_in("district_admin").get("/api/v1/students?limit=130").status_code == 200


def test_a_person_is_led_to_where_they_set_one_up_and_nothing_is_noted_as_shown(
    alone: TestClient, log: Connection
) -> None:
    person = alone.get("/students.csv", headers={"Accept": "text/html,application/xhtml+xml"})
    program = alone.get("/students.csv")

    assert (person.status_code, person.headers["location"]) == (303, f"{NEEDED}?next=/students.csv")
    assert (program.status_code, program.json()["code"]) == (403, "SecondFactorNeeded")
    count = text("SELECT count(*) FROM disclosures WHERE request_id = :request")
    assert log.scalar(count, {"request": program.headers["x-request-id"]}) == 0
    assert "many records at once" in alone.get(NEEDED).text


def test_a_made_up_district_needs_no_phone(app: FastAPI, client: TestClient, email: str) -> None:
    person = enter(app, email)
    page = person.get(f"{NEEDED}?next=/students.csv%3Fq%3DAbara").text
    code = page.split("it would show <code>")[1].split("<")[0]

    form = {"form_token": token_of(page), "code": code, "next": "/students.csv?q=Abara"}
    assert '<input type="hidden" name="next" value="/students.csv?q=Abara">' in page
    led_astray = person.get(NEEDED, params={"next": "//evil.example/"}).text
    assert '<input type="hidden" name="next" value="/">' in led_astray
    done = person.post(NEEDED, data=form)
    assert done.status_code == 200, done.text
    assert '<a href="/students.csv?q=Abara">I have kept them' in done.text
    post_form(client, "/sign-in", email=email, password=PASSWORD)
    page = client.get("/sign-in/code").text
    code = page.split("it would show <code>")[1].split("<")[0]
    form = {"form_token": token_of(page.split("</form>")[0]), "code": code}

    assert client.post("/sign-in/code", data=form).status_code == 303


def test_a_real_district_shows_no_code(app: FastAPI, world: the_cast.World) -> None:
    forget_tries(world)
    page = enter(app, "olga@open.example").get(NEEDED).text

    assert "Key: <code>" in page
    assert "it would show" not in page


def test_a_program_with_a_key_takes_what_its_key_opens(app: FastAPI, client: TestClient) -> None:
    with Session(app.state.engine) as db, db.begin():
        tenant_id = find_tenant(db, "oak-valley").tenant_id
        look_through(db, Visibility(tenant_id))
        admin = service.get_user(db, tenant_id, "district_admin@oak.example")
        key = create_key(db, admin, "nightly sync", [Scope.READ]).text

    answer = client.get("/api/v1/students?limit=130", headers={"Authorization": f"Bearer {key}"})

    assert answer.status_code == 200


@pytest.fixture
def auditor(app: FastAPI, email: str) -> str:
    with Session(app.state.engine) as db, db.begin():
        tenant_id = find_tenant(db, "oak-valley").tenant_id
        look_through(db, Visibility(tenant_id))
        service.set_role(db, service.get_user(db, tenant_id, email), Role.AUDITOR)
    return email


def let_see_all(app: FastAPI, email: str) -> None:
    with Session(app.state.engine) as db, db.begin():
        tenant_id = find_tenant(db, "oak-valley").tenant_id
        look_through(db, Visibility(tenant_id))
        user = service.get_user(db, tenant_id, email)
        grant(db, user, GrantScope.TENANT, None, reason="the yearly audit")


def test_an_auditor_reads_the_logs_and_no_record(
    app: FastAPI, sign_in: SignIn, world: the_cast.World, log: Connection, auditor: str
) -> None:
    without = enter(app, auditor)
    sign_in("principal").get(f"/students/{world.ada}")
    number = next(one.number for one in students(log) if one.student_id == world.ada)
    client = sign_in(auditor)

    page = client.get("/audit", params={"user": "principal@oak.example", "student": number})

    assert without.get("/audit").headers["location"] == f"{NEEDED}?next=/audit"
    assert page.status_code == 200
    assert "GET /students/{student_id}" in page.text
    assert number in page.text
    assert named(page.text, students(log)) == set(), "by number alone"
    assert client.get(f"/students/{world.ada}").status_code == 404
    assert client.get("/admin/why").status_code == 403


def test_an_auditor_who_is_granted_the_tenant_sees_names(
    app: FastAPI, sign_in: SignIn, world: the_cast.World, log: Connection, auditor: str
) -> None:
    let_see_all(app, auditor)
    sign_in("principal").get(f"/students/{world.ada}")
    client = sign_in(auditor)

    page = client.get("/audit", params={"user": "principal@oak.example"})

    assert world.ada in named(page.text, students(log))
    assert client.get(f"/students/{world.ada}").status_code == 200


@pytest.mark.parametrize("role", [Role.RESEARCHER, Role.STAFF, Role.PRINCIPAL])
def test_a_grant_of_the_tenant_alone_opens_no_audit(
    app: FastAPI, sign_in: SignIn, email: str, role: Role
) -> None:
    with Session(app.state.engine) as db, db.begin():
        tenant_id = find_tenant(db, "oak-valley").tenant_id
        look_through(db, Visibility(tenant_id))
        service.set_role(db, service.get_user(db, tenant_id, email), role)
    let_see_all(app, email)

    assert sign_in(email).get("/audit").status_code == 403


def test_roles_of_the_sites_choice_see_nothing_by_a_password_alone(
    by_password: SignIn, sign_in: SignIn, world: the_cast.World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ROLLBOOK_SECOND_FACTOR_ROLES", "teacher, Counselor")
    settings.cache_clear()
    try:
        alone = by_password("teacher")
        assert alone.get("/caseload").headers["location"] == f"{NEEDED}?next=/caseload"
        assert alone.get(f"/api/v1/students/{world.ada}").status_code == 403
        assert alone.get("/account").status_code == 200, "where one is set up"
        assert sign_in("teacher").get("/caseload").status_code == 200
        assert by_password("principal").get("/caseload").status_code == 200
    finally:
        monkeypatch.undo()
        settings.cache_clear()


@pytest.mark.parametrize(
    ("said", "roles"),
    [("", set()), ("all", set(Role)), ("teacher,service", {Role.TEACHER, Role.SERVICE})],
)
def test_the_roles_are_those_that_there_are(
    said: str, roles: set[Role], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ROLLBOOK_SECOND_FACTOR_ROLES", said)
    settings.cache_clear()
    try:
        assert roles_of_two_factors() == roles
        monkeypatch.setenv("ROLLBOOK_SECOND_FACTOR_ROLES", "teachers")
        settings.cache_clear()
        with pytest.raises(SecondFactorRolesUnknown, match="names teachers"):
            create_app("postgresql://nobody@127.0.0.1:1/none")
    finally:
        monkeypatch.undo()
        settings.cache_clear()

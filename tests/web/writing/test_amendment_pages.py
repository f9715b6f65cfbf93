"""Requests to amend a record, in Chromium without script: a family asks, the office decides."""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import text

from rollbook.accounts.models import Role
from rollbook.accounts.service import add_user
from rollbook.roster.guardians import Person, Tie, add_guardian
from rollbook.roster.models import Student
from web.browser import PHONE, looks, violations
from web.clients import PASSWORD, SignIn, post_form
from web.writing_cast import TODAY, World, log_of

OpenAs = Callable[..., Page]
MOTHER = "mother.of.amendments@oak.example"


@dataclass(frozen=True)
class Asked:
    """A request of a family, and where it stands."""

    student: Student
    amendment_id: UUID
    path: str


@pytest.fixture(scope="module")
def student(world: World) -> Student:
    """A student whose mother signs in."""
    ada = world.student("Ada Amends")
    with world.open() as db:
        tenant_id = world.tenant.tenant_id
        mother = add_user(
            db,
            tenant_id=tenant_id,
            email=MOTHER,
            full_name="Mary Amends",
            role=Role.GUARDIAN,
            password=PASSWORD,
        )
        guardian_id = add_guardian(
            db, tenant_id, ada.student_id, Person("AM1", "Mary", "Amends"), Tie("mother")
        )
        db.execute(
            text("UPDATE guardians SET user_id = :user WHERE guardian_id = :id"),
            {"user": mother.user_id, "id": guardian_id},
        )
    return ada


def told(world: World, student: Student) -> list[tuple[object, ...]]:
    query = """
    SELECT about, asked, asked_by, state, decision, decided_by, hearing_on, statement FROM amendment_requests
    WHERE student_id = :student_id ORDER BY asked_at
    """
    with world.open() as db:
        return [tuple(row) for row in db.execute(text(query), {"student_id": student.student_id})]


@pytest.fixture
def asked(world: World, sign_in: SignIn) -> Asked:
    """A request that the office entered for a family."""
    ada = world.student("Ada Asked")
    path = f"/students/{ada.student_id}/amendments"
    fields = {"deed": "ask", "about": "grades", "asked": "It was a B", "asked_by": "her father"}
    assert post_form(sign_in("counselor"), path, **fields).status_code == 303
    with world.open() as db:
        query = text("SELECT amendment_id FROM amendment_requests WHERE student_id = :id")
        return Asked(ada, db.scalars(query, {"id": ada.student_id}).one(), path)


def test_a_mother_asks_the_principal_refuses_and_she_attaches_a_statement(
    world: World, open_as: OpenAs, student: Student
) -> None:
    page = open_as(MOTHER, java_script_enabled=False, viewport={"width": 360, "height": 780})
    page.goto(f"/students/{student.student_id}")
    page.get_by_role("link", name="Requests to amend").click()
    page.get_by_label("Part of the record").select_option("attendance_records")
    page.get_by_label("What is wrong").fill("3 September was excused\nby phone")
    page.get_by_role("button", name="Ask", exact=True).click()
    expect(page.get_by_role("status")).to_contain_text("is noted")
    expect(page.get_by_role("button", name="Grant it")).to_have_count(0)

    office = open_as("principal", java_script_enabled=False)
    office.goto("/amendments")
    office.get_by_role("link", name="Ada Amends").click()
    office.get_by_role("button", name="Refuse it").click()
    office.get_by_label("Reason").fill("No note came in")
    office.get_by_role("button", name="Refuse it").click()
    expect(office.get_by_role("status")).to_contain_text("refused")

    page.reload()
    expect(page.get_by_text("No note came in")).to_be_visible()
    page.get_by_label("own words").fill("The office has the note")
    page.get_by_role("button", name="Attach it").click()

    expect(page.get_by_role("status")).to_contain_text("attached")
    assert told(world, student) == [
        (
            "attendance_records",
            "3 September was excused\nby phone",
            "Mary Amends (guardian)",
            "refused",
            "No note came in",
            "Paul Prince",
            None,
            "The office has the note",
        )
    ]
    assert log_of(world, "amendment_refuse", student.student_id) == 1

    seen = open_as(MOTHER)  # axe-core is a script
    seen.goto(f"/students/{student.student_id}/amendments")
    assert violations(seen) == []


def test_a_hearing_opens_it_again_and_it_is_granted(world: World, sign_in: SignIn, asked: Asked) -> None:
    client = sign_in("principal")
    which = {"amendment": str(asked.amendment_id)}
    deeds = (
        {"deed": "refuse", "reason-0": "it was a C"},
        {"deed": "hearing", "hearing-0": str(TODAY)},
        {"deed": "grant", "reason-0": "the work was found"},
    )
    assert [post_form(client, asked.path, **which, **deed).status_code for deed in deeds] == [303] * 3

    (row,) = told(world, asked.student)
    assert row[3:] == ("granted", "the work was found", "Paul Prince", TODAY, None)
    again = post_form(client, asked.path, **which, **deeds[0])
    assert (again.status_code, "was granted already" in again.text) == (409, True)


def test_what_is_not_said_is_told_next_to_its_field(world: World, sign_in: SignIn, asked: Asked) -> None:
    client = sign_in("principal")
    which = {"amendment": str(asked.amendment_id)}
    for fields, sentence in (
        (which | {"deed": "grant"}, "Say why"),
        (which | {"deed": "hearing", "hearing-0": "soon"}, "This is no day"),
        (which | {"deed": "burn"}, "Choose what is to be done"),
        ({"deed": "ask", "about": "shoes", "asked": "x", "asked_by": "y"}, "Choose one of these"),
        ({"deed": "ask", "about": "grades", "asked": "x"}, "Say who of the family"),
    ):
        answer = post_form(client, asked.path, **fields)
        assert (answer.status_code, sentence in answer.text) == (422, True), fields
    early = post_form(client, asked.path, **which, deed="statement", **{"statement-0": "x"})
    assert (early.status_code, "Only a refused request" in early.text) == (409, True)

    (row,) = told(world, asked.student)
    assert row[3] == "asked"


def test_who_may_not_decide_does_not(world: World, sign_in: SignIn, asked: Asked, student: Student) -> None:
    decision = {"amendment": str(asked.amendment_id), "deed": "grant", "reason-0": "mine"}

    assert post_form(sign_in("counselor"), asked.path, **decision).status_code == 403
    for who in ("elsewhere", "colleague", MOTHER):
        assert post_form(sign_in(who), asked.path, **decision).status_code == 404
        assert sign_in(who).get(asked.path).status_code == 404
    assert sign_in("teacher").get(asked.path).status_code == 403, "who teaches the student is no office"
    other = f"/students/{student.student_id}/amendments"
    assert post_form(sign_in("principal"), other, **decision).status_code == 404, (
        "it is about another student"
    )
    assert "Ada Asked" not in sign_in(MOTHER).get("/amendments").text
    assert "Ada Asked" in sign_in("counselor").get("/amendments").text
    assert sign_in("teacher").get("/amendments").status_code == 403
    (row,) = told(world, asked.student)
    assert row[3] == "asked"


def test_the_pages_fit_a_phone_and_can_be_read_by_all(open_as: OpenAs, asked: Asked) -> None:
    for path in (asked.path, "/amendments", "/amendments?state=decided"):
        page = open_as("principal", viewport=PHONE)
        page.goto(path)
        for look in looks(page, PHONE):
            assert violations(page) == [], (path, look)
        assert page.evaluate("document.documentElement.scrollWidth") <= 320, path

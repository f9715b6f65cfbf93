"""The whole record over the web: for who may have it, noted; an admin needs a second factor."""

from dataclasses import dataclass
from uuid import UUID

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import text
from sqlalchemy.orm import Session

from rollbook.access.grants import grant
from rollbook.accounts.models import Role, User
from rollbook.accounts.models_grants import GrantScope
from rollbook.accounts.service import add_user
from rollbook.core.tenancy import Tenant, Visibility, find_tenant, look_through
from rollbook.roster.guardians import Person, Tie, add_guardian
from rollbook.testing import factories as make
from web import cast as the_cast
from web.clients import PASSWORD, SignIn, post_form

BORN = {"minor": "2012-05-01", "adult": "2006-05-01"}


@dataclass(frozen=True)
class Family:
    """A mother of two, and what her children sign in with."""

    minor: UUID
    adult: UUID


@pytest.fixture(scope="module")
def family(app: FastAPI) -> Family:
    with Session(app.state.engine) as db, db.begin():
        tenant = find_tenant(db, "oak-valley")
        look_through(db, Visibility(tenant.tenant_id))
        mother = _user(db, tenant, Role.GUARDIAN, "mother")
        children = {}
        for n, (name, born) in enumerate(BORN.items()):
            child = make.create_student(
                db, "PPE", name=f"{name.title()} Child", number=f"FAM{n}", birth_date=born
            )
            guardian_id = add_guardian(
                db, tenant.tenant_id, child.student_id, Person(f"FG{n}", "Mary", "Child"), Tie("mother")
            )
            db.execute(
                text("UPDATE guardians SET user_id = :user WHERE guardian_id = :id"),
                {"user": mother.user_id, "id": guardian_id},
            )
            grant(db, _user(db, tenant, Role.STUDENT, name), GrantScope.STUDENT, f"FAM{n}", reason="own")
            children[name] = child.student_id
        grant(db, _user(db, tenant, Role.GUARDIAN, "aunt"), GrantScope.STUDENT, "S0001", reason="foster care")
    return Family(**children)


def _user(db: Session, tenant: Tenant, role: Role, name: str) -> User:
    return add_user(
        db,
        tenant_id=tenant.tenant_id,
        email=f"{name}.of.record@oak.example",
        full_name=name.title(),
        role=role,
        password=PASSWORD,
    )


def status(client: TestClient, student_id: UUID) -> int:
    return client.post(f"/api/v1/students/{student_id}/record", json={}).status_code


def test_a_guardian_gets_their_childs_record_and_it_is_noted(sign_in: SignIn, family: Family) -> None:
    client = sign_in("mother.of.record@oak.example")
    answer = client.post(f"/api/v1/students/{family.minor}/record", json={"because": "a move"})
    told = answer.json()

    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "no-store"
    assert told["student"]["name"] == "Minor Child"
    assert len(told["sections"]["attendance_records"]["rows"]) == 3
    noted = [(row["what"], row["purpose"]) for row in told["sections"]["disclosures"]["rows"]]
    assert ("complete record", "to Mother (guardian): a move") in noted


def test_the_page_offers_it_and_the_form_gives_a_pdf(sign_in: SignIn, family: Family) -> None:
    client = sign_in("mother.of.record@oak.example")

    assert f"/students/{family.minor}/record" in client.get(f"/students/{family.minor}").text
    assert "Get the PDF" in client.get(f"/students/{family.minor}/record").text
    pdf = post_form(client, f"/students/{family.minor}/record", kind="pdf", because="")
    assert (pdf.status_code, pdf.headers["content-type"]) == (200, "application/pdf")
    assert pdf.content.startswith(b"%PDF-")
    data = post_form(client, f"/students/{family.minor}/record", kind="json", because="")
    assert data.json()["student"]["student_number"] == "FAM0"
    stale = client.post(f"/students/{family.minor}/record", data={"kind": "pdf", "form_token": "x"})
    assert stale.status_code == 403


def test_an_adult_student_gets_their_own_and_a_child_is_sent_to_the_guardians(
    sign_in: SignIn, family: Family
) -> None:
    assert status(sign_in("adult.of.record@oak.example"), family.adult) == 200
    assert status(sign_in("minor.of.record@oak.example"), family.minor) == 403


def test_nobody_gets_somebody_elses(sign_in: SignIn, family: Family, world: the_cast.World) -> None:
    for who in ("mother", "adult", "minor"):
        assert status(sign_in(f"{who}.of.record@oak.example"), world.ada) == 404
    assert status(sign_in("adult.of.record@oak.example"), family.minor) == 404


@pytest.mark.parametrize("who", ["teacher", "counselor", "principal"])
def test_staff_who_see_the_student_do_not_get_the_whole_record(
    sign_in: SignIn, world: the_cast.World, who: str
) -> None:
    client = sign_in(who)

    assert client.get(f"/students/{world.ada}").status_code == 200
    assert f"/students/{world.ada}/record" not in client.get(f"/students/{world.ada}").text
    assert status(client, world.ada) == 403


def test_an_admin_needs_a_second_factor(by_password: SignIn, world: the_cast.World) -> None:
    assert status(by_password("district_admin"), world.ada) == 403


def test_an_admin_with_a_second_factor_gets_it(sign_in: SignIn, world: the_cast.World) -> None:
    assert status(sign_in("district_admin"), world.ada) == 200


def test_what_is_no_text_is_refused(sign_in: SignIn, family: Family) -> None:
    client = sign_in("mother.of.record@oak.example")
    path = f"/api/v1/students/{family.minor}/record"

    for because in ("x" * 151, 7):
        assert client.post(path, json={"because": because}).status_code == 422
    assert client.post(path, json={"because": "a\x00b"}).status_code == 400  # the door's answer
    assert client.post(path, json={"becuase": ""}).status_code == 422
    form = post_form(client, f"/students/{family.minor}/record", kind="json", because="a\x00b")
    assert form.status_code in (200, 422)


def test_a_family_reads_the_score_without_what_is_said_to_staff(
    sign_in: SignIn, family: Family, world: the_cast.World
) -> None:
    assert family
    pages = {
        who: sign_in(who).get(f"/students/{world.ada}").text
        for who in ("aunt.of.record@oak.example", "counselor")
    }
    ours, theirs = pages.values()

    for words in ("Why, and what helps", "Call home this week", "; place ", ">Place<"):
        assert words in theirs
        assert words not in ours
    assert "of the last 20 school days" in ours
    assert "the school can say what would help" in ours


def test_a_family_begins_with_its_own_and_reads_no_words_for_staff(sign_in: SignIn, family: Family) -> None:
    client = sign_in("mother.of.record@oak.example")

    begun = client.get("/students").text
    page = client.get(f"/students/{family.minor}").text

    assert "You see 2 students." in begun
    for words in ("Caseload", "/conduct", "what helps"):
        assert words not in begun + page
    assert '<a class="mark" href="/students">' in page
    assert 'href="/students">Students</a></p>' in page, "the way back"

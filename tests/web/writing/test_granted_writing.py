"""A grant is for reading, unless it says writing; and it never lets a role write what that role does not."""

import itertools
from datetime import date

import pytest
from fastapi.testclient import TestClient

from rollbook.access.grants import RoleWritesNothing, grant
from rollbook.accounts.models import Role
from rollbook.accounts.models_grants import GrantScope
from rollbook.accounts.service import add_user, get_user, set_role
from rollbook.roster.models import Student
from web.clients import SignIn
from web.writing.test_who_may_write import Verb, attendance, enroll, incident, submission
from web.writing_cast import PASSWORD, World

REASON = "stands in for a colleague"
_numbers = itertools.count(1)


@pytest.fixture
def ben(world: World) -> Student:
    return world.student("Ben Barnes")


def given(world: World, role: Role, scope: GrantScope, name: str | None, *, may_write: bool) -> str:
    """Add somebody whose only students are granted to them; return their email."""
    email = f"granted{next(_numbers)}@oak.example"
    with world.open() as db:
        user = add_user(
            db,
            tenant_id=world.tenant.tenant_id,
            email=email,
            full_name="Gina Grant",
            role=role,
            password=PASSWORD,
        )
        grant(db, user, scope, name, reason=REASON, may_write=may_write, begins_on=date(2020, 1, 1))
    return email


def scopes(world: World, student: Student) -> dict[GrantScope, str | None]:
    return {
        GrantScope.TENANT: None,
        GrantScope.SCHOOL: world.oak.school_code,
        GrantScope.SECTION: f"ALG1/{world.algebra.section_code}",
        GrantScope.STUDENT: student.student_number,
    }


def sees(client: TestClient, student: Student) -> bool:
    return client.get(f"/api/v1/students/{student.student_id}").status_code == 200


@pytest.mark.parametrize("scope", GrantScope)
@pytest.mark.parametrize("may_write", [False, True], ids=["for reading", "for writing too"])
def test_about_a_student_a_teacher_writes_only_by_a_grant_that_says_so(
    world: World, sign_in: SignIn, ben: Student, scope: GrantScope, may_write: bool
) -> None:
    email = given(world, Role.TEACHER, scope, scopes(world, ben)[scope], may_write=may_write)
    client = sign_in(email)

    answer = incident(world, client, ben)

    assert sees(client, ben), "seen in any case"
    assert (answer.status_code == 201) == may_write, answer.text
    assert answer.status_code in (201, 403, 404)


@pytest.mark.parametrize("scope", [GrantScope.TENANT, GrantScope.SCHOOL, GrantScope.SECTION])
@pytest.mark.parametrize("may_write", [False, True], ids=["for reading", "for writing too"])
def test_a_substitute_takes_attendance_only_by_a_grant_that_says_so(
    world: World, sign_in: SignIn, ben: Student, scope: GrantScope, may_write: bool
) -> None:
    client = sign_in(given(world, Role.TEACHER, scope, scopes(world, ben)[scope], may_write=may_write))

    answer = attendance(world, client, ben)

    assert (answer.status_code in (200, 201)) == may_write, answer.text


@pytest.mark.parametrize("may_write", [False, True], ids=["for reading", "for writing too"])
def test_a_principal_who_stands_in_submits_and_enrolls_only_by_a_grant_that_says_so(
    world: World, sign_in: SignIn, ben: Student, may_write: bool
) -> None:
    client = sign_in(
        given(world, Role.PRINCIPAL, GrantScope.SCHOOL, world.oak.school_code, may_write=may_write)
    )

    answers = [verb(world, client, ben).status_code for verb in (submission, enroll)]

    assert answers[0] in ((200, 201) if may_write else (403,))
    assert (answers[1] == 403) or may_write


@pytest.mark.parametrize("verb", [attendance, submission, incident, enroll])
def test_a_student_granted_for_writing_opens_no_section_and_no_school(
    world: World, sign_in: SignIn, ben: Student, verb: Verb
) -> None:
    client = sign_in(given(world, Role.TEACHER, GrantScope.STUDENT, ben.student_number, may_write=True))

    answer = verb(world, client, ben)

    assert (answer.status_code == 201) == (verb is incident), answer.text


@pytest.mark.parametrize(
    "role", [Role.STUDENT, Role.GUARDIAN, Role.RESEARCHER, Role.AUDITOR, Role.SERVICE, Role.STAFF]
)
def test_a_role_that_writes_nothing_is_not_granted_writing(world: World, ben: Student, role: Role) -> None:
    with pytest.raises(RoleWritesNothing):
        given(world, role, GrantScope.STUDENT, ben.student_number, may_write=True)


def test_a_role_that_writes_nothing_any_more_does_not_by_an_old_grant(
    world: World, sign_in: SignIn, ben: Student
) -> None:
    email = given(world, Role.TEACHER, GrantScope.TENANT, None, may_write=True)
    with world.open() as db:
        set_role(db, get_user(db, world.tenant.tenant_id, email), Role.RESEARCHER)

    client = sign_in(email)

    assert sees(client, ben)
    assert incident(world, client, ben).status_code == 403

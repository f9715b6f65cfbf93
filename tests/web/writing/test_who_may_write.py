"""Each role against each verb: who may write what, through the API, and that it was written and logged."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import httpx2
import pytest
from fastapi.testclient import TestClient

from rollbook.access.writing import Work, may
from rollbook.accounts.models import Role, User
from rollbook.roster.models import Student
from web.clients import SignIn
from web.writing_cast import PEOPLE, TODAY, World, log_of

API = "/api/v1"
Verb = Callable[[World, TestClient, Student], httpx2.Response]


def send(client: TestClient, path: str, body: dict[str, Any], method: str = "POST") -> httpx2.Response:
    return client.request(method, API + path, json=body)


def attendance(world: World, client: TestClient, student: Student) -> httpx2.Response:
    mark = {"student_id": str(student.student_id), "status": "absent", "reason": "ill"}
    return send(client, f"{world.algebra_path}/attendance", {"date": str(TODAY), "marks": [mark]})


def submission(world: World, client: TestClient, _student: Student) -> httpx2.Response:
    day = str(TODAY - timedelta(days=1))
    return send(client, f"/schools/{world.oak.school_id}/attendance/submissions", {"date": day})


def incident_body(world: World, student: Student) -> dict[str, Any]:
    part = {"student_id": str(student.student_id), "actions": [{"action_type": "warning"}]}
    return {
        "incident_on": str(TODAY),
        "incident_time": "13:40",
        "incident_type": "disruption",
        "severity_level": 2,
        "school_id": str(world.oak.school_id),
        "participants": [part],
    }


def incident(world: World, client: TestClient, student: Student) -> httpx2.Response:
    return send(client, "/incidents", incident_body(world, student))


def participant(world: World, client: TestClient, student: Student) -> httpx2.Response:
    other = world.student("Ben Barnes")
    incident_id = recorded_by_admin(world, client, other)
    body = {"student_id": str(student.student_id), "role": "witness"}
    return send(client, f"/incidents/{incident_id}/participants", body)


def action(world: World, client: TestClient, student: Student) -> httpx2.Response:
    incident_id = recorded_by_admin(world, client, student)
    path = f"/incidents/{incident_id}/participants/{student.student_id}/actions"
    return send(client, path, {"action_type": "detention", "starts_on": str(TODAY), "days_lost": 0.5})


def recorded_by_admin(world: World, client: TestClient, student: Student) -> str:
    mine = client.cookies["rollbook"]
    client.cookies.set("rollbook", ADMIN["token"], domain="rollbook.test")
    answer = incident(world, client, student)
    client.cookies.set("rollbook", mine, domain="rollbook.test")
    assert answer.status_code == 201, answer.text
    return str(answer.json()["incident_id"])


def enroll(world: World, client: TestClient, _student: Student) -> httpx2.Response:
    student = world.student("Cai Chen", enrolled=False)
    body = {"school_id": str(world.oak.school_id), "entry_on": str(TODAY), "entry_code": "R01"}
    return send(client, f"/students/{student.student_id}/enrollments", body)


def admit(world: World, client: TestClient, student: Student) -> httpx2.Response:
    stay = {"school_id": str(world.oak.school_id), "entry_on": str(TODAY)}
    body = {
        "student_number": f"N{student.student_number}",
        "first_name": "Noor",
        "last_name": f"New {student.student_number}",
        "birth_date": "2012-02-29",
    }
    return send(client, "/students", {**body, "enrollment": stay})


def withdraw(world: World, client: TestClient, student: Student) -> httpx2.Response:
    body = {"exit_on": str(TODAY), "exit_code": "W01"}
    return send(client, f"/enrollments/{enrollment_of(world, student)}", body, "PATCH")


def enrollment_of(world: World, student: Student) -> str:
    with world.open() as db:
        found = db.connection().exec_driver_sql(
            "SELECT enrollment_id FROM student_school_enrollments WHERE student_id = %s",
            (student.student_id,),
        )
        return str(found.scalar_one())


def place(world: World, client: TestClient, student: Student) -> httpx2.Response:
    body = {"student_id": str(student.student_id), "enrolled_on": str(TODAY)}
    return send(client, f"/sections/{world.english.section_id}/students", body)


def lesson_plan(world: World, client: TestClient, student: Student) -> httpx2.Response:
    body = {
        "lesson_plan_code": f"LP-{student.student_number}",
        "course_id": str(world.algebra.course_id),
        "section_id": str(world.algebra.section_id),
        "title": "Slopes",
        "content": {"steps": ["Draw", "Measure"]},
    }
    return send(client, "/lesson-plans", body)


def lesson_change(world: World, client: TestClient, student: Student) -> httpx2.Response:
    mine = client.cookies["rollbook"]
    client.cookies.set("rollbook", ADMIN["token"], domain="rollbook.test")
    made = lesson_plan(world, client, student).json()["lesson_plan_id"]
    client.cookies.set("rollbook", mine, domain="rollbook.test")
    return send(client, f"/lesson-plans/{made}", {"title": "Steeper slopes"}, "PATCH")


def performance(_world: World, client: TestClient, student: Student) -> httpx2.Response:
    each = {"student_id": str(student.student_id), "performed_on": str(TODAY), "score": 71.5}
    return send(client, "/activities/RUN/performances", {"performances": [each]})


def preference(_world: World, client: TestClient, student: Student) -> httpx2.Response:
    path = f"/students/{student.student_id}/preferences/running"
    return send(client, path, {"preference_level": 4}, "PUT")


def fitness(_world: World, client: TestClient, student: Student) -> httpx2.Response:
    result = {"student_id": str(student.student_id), "result_value": 31}
    return send(client, "/fitness-tests/pacer/results", {"tested_on": str(TODAY), "results": [result]})


def routine(_world: World, client: TestClient, student: Student) -> httpx2.Response:
    body = {"routine_code": "WARM", "performed_on": str(TODAY), "metrics": {"pulse": 121}}
    return send(client, f"/students/{student.student_id}/routines", body)


# Who succeeds; the others: 403 where the work or the place is not theirs, 404 where the student is not.
SEES = {"teacher", "counselor", "caseload", "principal", "admin"}
OFFICE = SEES - {"teacher"} | {"registrar"}
VERBS: dict[str, tuple[Verb, set[str], str]] = {
    "attendance": (attendance, SEES | {"registrar"}, "attendance_taken"),
    "submission": (submission, OFFICE - {"caseload"}, "attendance_submitted"),
    "incident": (incident, SEES, "incident_recorded"),
    "participant": (participant, SEES, "incident_participant_added"),
    "action": (action, SEES, "incident_action_added"),
    "enroll": (enroll, OFFICE - {"caseload"}, "student_enrolled"),  # who left is on no caseload
    "admit": (admit, OFFICE, "student_admitted"),
    "withdraw": (withdraw, OFFICE, "student_withdrawn"),
    "place": (place, OFFICE, "student_placed"),
    "lesson plan": (lesson_plan, SEES, "lesson_plan_written"),
    "lesson change": (lesson_change, SEES, "lesson_plan_changed"),
    "performance": (performance, SEES, "performance_recorded"),
    "preference": (preference, SEES, "preference_set"),
    "fitness": (fitness, SEES, "fitness_recorded"),
    "routine": (routine, SEES, "routine_recorded"),
}
ADMIN: dict[str, str] = {}


@pytest.fixture(autouse=True)
def _admin(sign_in: SignIn) -> None:
    ADMIN["token"] = sign_in("admin").cookies["rollbook"]


@pytest.mark.parametrize("who", PEOPLE)
@pytest.mark.parametrize("verb", VERBS)
def test_who_may(world: World, sign_in: SignIn, verb: str, who: str) -> None:
    do, allowed, logged = VERBS[verb]
    student = world.student()
    before = count_log(world, logged)

    answer = do(world, sign_in(who), student)

    if who in allowed:
        assert answer.status_code in {200, 201}, answer.text
        assert count_log(world, logged) == before + 1
    else:
        assert answer.status_code in {403, 404}, answer.text
        assert answer.headers["content-type"] == "application/problem+json"
        assert str(student.first_name) not in answer.text
        assert count_log(world, logged) == before


@pytest.mark.parametrize("verb", VERBS)
def test_who_is_not_signed_in_writes_nothing(world: World, client: TestClient, verb: str) -> None:
    client.cookies.set("rollbook", "", domain="rollbook.test")

    answer = VERBS[verb][0](world, client, world.student())

    assert answer.status_code == 401


@pytest.mark.parametrize("work", Work)
@pytest.mark.parametrize("role", ["student", "guardian", "researcher"])
def test_a_role_that_is_not_named_writes_nothing(work: Work, role: str) -> None:
    assert not may(User(role=role), work)
    assert may(User(role=Role.DISTRICT_ADMIN), work), "the positive control"


def count_log(world: World, action: str) -> int:
    with world.open() as db:
        found = db.connection().exec_driver_sql(
            "SELECT count(*) FROM activity_logs WHERE action = %s AND user_id IS NOT NULL", (action,)
        )
        return int(found.scalar_one())


def test_the_log_says_of_whom_and_not_what(world: World, sign_in: SignIn) -> None:
    student = world.student()

    assert incident(world, sign_in("teacher"), student).status_code == 201

    assert log_of(world, "incident_recorded", student.student_id) == 1
    with world.open() as db:
        details = db.connection().exec_driver_sql(
            "SELECT details::text FROM activity_logs WHERE student_id = %s", (student.student_id,)
        )
        assert "disruption" not in str(details.scalar_one())

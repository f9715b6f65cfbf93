"""The API: the same students and scores for programs."""

import pytest
from fastapi.testclient import TestClient

from web import cast as the_cast
from web.clients import SignIn


def test_students_come_by_number_page_by_page(sign_in: SignIn) -> None:
    client = sign_in("district_admin")
    numbers: list[str] = []
    cursor = ""
    while cursor is not None:
        page = client.get("/api/v1/students", params={"limit": 60, "cursor": cursor}).json()
        numbers += [student["student_number"] for student in page["data"]]
        cursor = page["next_cursor"]

    assert numbers == sorted(set(numbers))
    assert len(numbers) == page["total"] == the_cast.STUDENTS + 1
    assert page["total_is_capped"] is False


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({"q": "abara"}, 13),
        ({"grade_level": 6}, 44),
        ({"school": "ELM"}, 44),
        ({"school": "OAK", "q": "ada"}, 6),
    ],
)
def test_students_are_filtered(sign_in: SignIn, params: dict[str, str | int], expected: int) -> None:
    page = sign_in("district_admin").get("/api/v1/students", params=params | {"limit": 200}).json()

    assert len(page["data"]) == expected


def test_a_teacher_gets_their_own(sign_in: SignIn) -> None:
    assert sign_in("teacher").get("/api/v1/students").json()["total"] == 65


def test_a_student_comes_with_their_sections(sign_in: SignIn, world: the_cast.World) -> None:
    answer = sign_in("teacher").get(f"/api/v1/students/{world.ada}").json()

    assert answer["student"]["name"] == "Ben Abara"
    assert [section["course_code"] for section in answer["sections"]] == ["ALG1"]


def test_predictions_come_newest_first_with_their_reasons(sign_in: SignIn, world: the_cast.World) -> None:
    client = sign_in("counselor")
    path = f"/api/v1/students/{world.ada}/predictions"
    first = client.get(path, params={"limit": 5}).json()
    second = client.get(path, params={"limit": 50, "cursor": first["next_cursor"]}).json()

    dates = [one["as_of"] for one in first["data"] + second["data"]]
    assert dates == sorted(dates, reverse=True)
    assert len(set(dates)) == the_cast.WEEKS
    assert second["next_cursor"] is None
    assert first["data"][0]["risk_factors"] == the_cast.factors(0.8)
    within = client.get(path, params={"since": "2025-11-01", "until": "2025-11-18"}).json()["data"]
    assert [one["as_of"] for one in within] == ["2025-11-18", "2025-11-11", "2025-11-04"]


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=99999999999999999999",
        "grade_level=-1",
        "cursor=x",
        "cursor=WzFd",
        "q=%00",
        "q=" + "a" * 201,
    ],
)
def test_what_cannot_be_is_a_problem_that_repeats_nothing(sign_in: SignIn, query: str) -> None:
    answer = sign_in("teacher").get(f"/api/v1/students?{query}")

    assert answer.status_code in (400, 422)
    assert answer.headers["content-type"] == "application/problem+json"
    assert set(answer.json()) == {"title", "status", "detail", "code"}


def test_the_description_is_served_offline(client: TestClient) -> None:
    document = client.get("/api/v1/openapi.json").json()

    assert set(document["paths"]) == {
        "/api/v1/activities",
        "/api/v1/activities/events",
        "/api/v1/activities/{activity_code}/performances",
        "/api/v1/enrollments/{enrollment_id}",
        "/api/v1/incidents/{incident_id}/participants",
        "/api/v1/incidents/{incident_id}/participants/{student_id}/actions",
        "/api/v1/schools/{school_id}/attendance/submissions",
        "/api/v1/sections/{section_id}/attendance",
        "/api/v1/students/{student_id}/preferences/{activity_type}",
        "/api/v1/students/{student_id}/routines",
        "/api/v1/students/{student_id}/transfers",
        "/api/v1/fitness",
        "/api/v1/fitness-tests/{test_code}/results",
        "/api/v1/gpa",
        "/api/v1/sections/{section_id}/gradebook",
        "/api/v1/students/{student_id}/activity",
        "/api/v1/students/{student_id}/grades",
        "/api/v1/students/{student_id}/transcript",
        "/api/v1/attendance/chronic",
        "/api/v1/attendance/weeks",
        "/api/v1/calendar",
        "/api/v1/courses",
        "/api/v1/courses/{course_id}",
        "/api/v1/incidents",
        "/api/v1/lesson-plans",
        "/api/v1/lesson-plans/{lesson_plan_id}",
        "/api/v1/schools",
        "/api/v1/schools/{school_id}",
        "/api/v1/sections",
        "/api/v1/sections/{section_id}",
        "/api/v1/sections/{section_id}/students",
        "/api/v1/students",
        "/api/v1/students/{student_id}",
        "/api/v1/students/{student_id}/attendance",
        "/api/v1/students/{student_id}/enrollments",
        "/api/v1/students/{student_id}/incidents",
        "/api/v1/students/{student_id}/predictions",
        "/api/v1/students/{student_id}/record",
    }
    assert (
        "application/problem+json"
        in document["paths"]["/api/v1/students"]["get"]["responses"]["401"]["content"]
    )

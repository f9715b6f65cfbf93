"""The API of schools, calendar, courses, sections and lesson plans; and what does not exist for whom."""

from dataclasses import asdict
from uuid import UUID

import pytest

from web import cast as the_cast
from web.clients import SignIn
from web.records import PLANS

API = "/api/v1"


def test_schools_come_by_code_with_those_in_sight(sign_in: SignIn) -> None:
    def schools(who: str) -> list[tuple[str, int]]:
        page = sign_in(who).get(f"{API}/schools").json()
        assert page["next_cursor"] is None
        return [(school["school_code"], school["students"]) for school in page["data"]]

    assert schools("district_admin") == [("ELM", 44), ("OAK", 87)]
    assert schools("principal") == [("ELM", 0), ("OAK", 87)]
    first = sign_in("teacher").get(f"{API}/schools", params={"limit": 1}).json()
    second = sign_in("teacher").get(f"{API}/schools", params={"cursor": first["next_cursor"]}).json()
    assert [school["school_code"] for school in first["data"] + second["data"]] == ["ELM", "OAK"]


def test_a_school_says_who_works_there_its_grades_and_its_year(
    sign_in: SignIn, world: the_cast.World
) -> None:
    school = sign_in("district_admin").get(f"{API}/schools/{world.oak}").json()

    assert school["school"]["name"] == "Oak High School"
    assert school["staff"][0]["name"] == "Vera Vice"
    assert sum(grade["students"] for grade in school["grades"]) == 87
    assert [session["session_code"] for session in school["sessions"]] == ["2026", "2026-S1"]


def test_the_calendar_names_school_days_and_holidays(sign_in: SignIn, world: the_cast.World) -> None:
    client, params = sign_in("teacher"), {"school_id": str(world.oak), "since": "2025-11-24"}
    week = client.get(f"{API}/calendar", params=params | {"until": "2025-11-30"}).json()
    taught = client.get(
        f"{API}/calendar", params=params | {"until": "2025-11-30", "only_instructional": "true"}
    ).json()

    assert [day["is_instructional"] for day in week["data"]] == [True, True, True, False, False]
    assert len(taught["data"]) == 3
    assert len(client.get(f"{API}/calendar", params={"school_id": str(world.oak)}).json()["data"]) == 80
    refused = client.get(f"{API}/calendar", params=params | {"until": "2029-01-01"})
    assert (refused.status_code, refused.json()["code"]) == (422, "CalendarTooLong")


def test_a_student_comes_with_family_and_programmes_and_meals_only_for_the_district(
    sign_in: SignIn, world: the_cast.World
) -> None:
    def student(who: str) -> dict[str, list[dict[str, object]]]:
        answer: dict[str, list[dict[str, object]]] = sign_in(who).get(f"{API}/students/{world.ada}").json()
        return answer

    seen = student("counselor")
    assert [(g["name"], g["may_see_records"]) for g in seen["guardians"]] == [
        ("Rosa Abara", True),
        ("Omar Abara", False),
    ]
    assert [p["program_type"] for p in seen["programs"]] == ["504"]
    assert {p["program_type"] for p in student("district_admin")["programs"]} == {"504", "free_lunch"}
    (stay,) = sign_in("counselor").get(f"{API}/students/{world.ada}/enrollments").json()["data"]
    assert (stay["school_code"], stay["exit_on"]) == ("OAK", None)
    path = f"{API}/students/{world.ada}/enrollments?as_of=2025-08-31"
    assert sign_in("counselor").get(path).json()["data"] == [], "not known yet"


def test_courses_are_found_and_say_what_they_ask_for(sign_in: SignIn) -> None:
    client = sign_in("teacher")
    (algebra,) = client.get(f"{API}/courses", params={"q": "algebra"}).json()["data"]
    card = client.get(f"{API}/courses/{algebra['course_id']}").json()

    assert (algebra["course_code"], algebra["sections_running"]) == ("ALG1", 1)
    assert [(p["course_code"], p["is_direct"]) for p in card["prerequisites"]] == [
        ("ARITH", True),
        ("COUNT", False),
    ]
    assert [standard["standard_code"] for standard in card["standards"]] == ["A-REI.3"]


def test_sections_and_their_class_are_those_in_sight(sign_in: SignIn, world: the_cast.World) -> None:
    teacher, counselor = sign_in("teacher"), sign_in("counselor")

    everybodys = teacher.get(f"{API}/sections").json()
    (mine,) = teacher.get(f"{API}/sections?mine=true").json()["data"]
    assert (everybodys["total"], mine["section"]["section_id"]) == (2, str(world.algebra))
    assert (mine["students"], mine["teacher"]) == (65, "Tara Teach")
    card = teacher.get(f"{API}/sections/{world.algebra}").json()
    assert [member["section_role"] for member in card["staff"]] == ["teacher", "aide"]

    path, numbers, cursor = f"{API}/sections/{world.algebra}/students", list[str](), ""
    while cursor is not None:
        page = teacher.get(path, params={"limit": 30, "cursor": cursor}).json()
        numbers += [student["student_number"] for student in page["data"]]
        cursor = page["next_cursor"]
    assert len(set(numbers)) == len(numbers) == page["total"] == 65
    seen = {student["student_number"] for student in counselor.get(path).json()["data"]}
    assert seen
    assert seen < set(numbers)
    assert teacher.get(path, params={"as_of": "2025-08-31"}).json()["total"] == 0


def test_lesson_plans_come_by_day(sign_in: SignIn, world: the_cast.World) -> None:
    client = sign_in("teacher")
    params = {"section_id": str(world.algebra), "limit": "50"}
    first = client.get(f"{API}/lesson-plans", params=params).json()
    second = client.get(f"{API}/lesson-plans", params=params | {"cursor": first["next_cursor"]}).json()

    days = [plan["planned_on"] for plan in first["data"] + second["data"]]
    assert days == sorted(days)
    assert len(days) == PLANS + 1
    plan = client.get(f"{API}/lesson-plans/{world.lesson}").json()
    assert plan["pe"]["equipment"] == ["cones", "rope"]
    assert plan["standards"][0]["standard_code"] == "A-REI.3"


PATHS = [
    "/schools/{oak}",
    "/calendar?school_id={oak}",
    "/sections/{algebra}",
    "/sections/{algebra}/students",
    "/lesson-plans/{lesson}",
    "/students/{ada}/enrollments",
]


@pytest.mark.parametrize("path", PATHS)
def test_what_is_of_another_tenant_does_not_exist(sign_in: SignIn, world: the_cast.World, path: str) -> None:
    hidden = path.format(**asdict(world))
    nothing = path.format(**dict.fromkeys(asdict(world), UUID(int=7)))

    assert sign_in("district_admin").get(API + hidden).status_code == 200
    answers = [sign_in("olga@open.example").get(API + address) for address in (hidden, nothing)]
    assert [answer.status_code for answer in answers] == [404, 404]
    assert answers[0].json() == answers[1].json()


@pytest.mark.parametrize(
    "query", ["?as_of=0001-01-01", "?as_of=9999-12-31", "?as_of=never", "?cursor=x", "?limit=0"]
)
def test_what_cannot_be_is_a_problem(sign_in: SignIn, world: the_cast.World, query: str) -> None:
    answer = sign_in("teacher").get(f"{API}/sections/{world.algebra}/students{query}")

    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"

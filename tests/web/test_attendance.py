"""The attendance page, its files and the API: what they say, and only of whom the viewer may see."""

import csv
import io
import re

import pytest
from sqlalchemy.orm import Session

from rollbook.core.database import engine_for
from rollbook.core.tenancy import Visibility, find_tenant, look_through
from web.cast import World
from web.clients import SignIn

CHRONIC = "/api/v1/attendance/chronic"


def test_the_first_line_answers_who_misses_much_school(sign_in: SignIn) -> None:
    page = sign_in("district_admin").get("/attendance").text

    heading = re.search(r"<h1>(.*?)</h1>", page)
    assert heading is not None
    assert re.match(r"1 student of 1 \(100%\) is chronically absent as of Fri\W21\WNov\W2025\.", heading[1])
    assert "Ben Abara" in page
    assert "<svg" in page


def test_the_files_hold_what_the_page_shows(sign_in: SignIn, world: World) -> None:
    client = sign_in("district_admin")
    document = client.get("/attendance.json?school=OAK").json()
    answer = client.get("/attendance.csv")
    rows = list(csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff"))))

    assert [student["student_id"] for student in document["students"]] == [str(world.ada)]
    assert document["is_synthetic"]
    assert [row["student_number"] for row in rows] == ["S0001"]
    assert client.get("/attendance?school=NONE").status_code == 404
    assert client.get("/attendance?as_of=2024-01-01").status_code == 200


def test_the_api_gives_the_list_the_weeks_and_a_student(sign_in: SignIn, world: World) -> None:
    client = sign_in("district_admin")
    chronic = client.get(CHRONIC).json()
    weeks = client.get("/api/v1/attendance/weeks?since=2025-09-01&until=2025-09-30").json()
    student = client.get(f"/api/v1/students/{world.ada}/attendance").json()

    assert (chronic["chronic"], chronic["enrolled"], chronic["next_cursor"]) == (1, 1, None)
    (listed,) = chronic["data"]
    assert (student["days"], student["missed"], student["is_chronic"]) == (60, listed["missed"], True)
    assert student["missed_rate"] == pytest.approx(listed["rate"])
    assert [week["days"] for week in weeks["data"]] == [5, 5, 5, 5, 2]
    assert 0 <= weeks["data"][0]["attendance_rate"] <= 1
    assert client.get(f"{CHRONIC}?cursor=xx").status_code == 422


def test_a_teacher_sees_their_own_students_only(sign_in: SignIn, world: World) -> None:
    with Session(engine_for(world.url)) as db, db.begin():
        look_through(db, Visibility(find_tenant(db, "oak-valley").tenant_id))
    teacher, nobody = sign_in("teacher"), sign_in("nobody@oak.example")
    counselor = sign_in("later@oak.example")

    assert [s["student_id"] for s in teacher.get(CHRONIC).json()["data"]] == [str(world.ada)]
    assert counselor.get(CHRONIC).json()["enrolled"] == 0
    assert counselor.get("/attendance.json").json()["students"] == []
    assert counselor.get(f"/api/v1/students/{world.ada}/attendance").status_code == 404
    assert "No student is tied to you yet." in nobody.get("/attendance").text
    assert nobody.get("/api/v1/attendance/weeks").json()["data"] == []


@pytest.mark.parametrize("path", ["/attendance", "/attendance.csv", CHRONIC, "/api/v1/attendance/weeks"])
def test_nobody_sees_it_without_signing_in(sign_in: SignIn, path: str) -> None:
    client = sign_in("district_admin")
    client.cookies.clear()

    assert client.get(path).status_code in (303, 401)


@pytest.mark.parametrize(
    "path",
    [
        *("/attendance?as_of=0001-01-01", "/attendance.csv?as_of=9999-12-31", f"{CHRONIC}?as_of=0001-01-01"),
        "/api/v1/attendance/weeks?until=0001-01-01",
        "/api/v1/attendance/weeks?since=1900-01-01&until=2999-12-31",
    ],
)
def test_a_day_or_a_time_that_cannot_be_answered_for_is_refused(sign_in: SignIn, path: str) -> None:
    assert sign_in("district_admin").get(path).status_code == 422

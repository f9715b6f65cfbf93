"""Marks in the web: transcript, gradebook and GPA, each for those who may see the student."""

import csv
import io

from web import cast as the_cast
from web.clients import SignIn


def test_a_student_page_has_the_transcript(sign_in: SignIn, world: the_cast.World) -> None:
    page = sign_in("counselor").get(f"/students/{world.ada}").text

    assert "Grade point average 3.00, weighted 3.50; 4 of 4 credits earned." in page
    assert "School year 2024\N{EN DASH}2025, average 2.50" in page
    assert "AP Biology 2023" in page


def test_a_student_without_final_grades_has_no_transcript(sign_in: SignIn, world: the_cast.World) -> None:
    assert 'id="transcript"' not in sign_in("district_admin").get(f"/students/{world.unscored}").text


def test_a_transcript_is_as_of_a_day(sign_in: SignIn, world: the_cast.World) -> None:
    client = sign_in("counselor")
    path = f"/api/v1/students/{world.ada}/transcript"

    now, then = client.get(path).json(), client.get(path, params={"as_of": "2024-12-31"}).json()

    assert (now["totals"]["gpa"], now["totals"]["weighted_gpa"]) == (3.0, 3.5)
    assert [year["school_year"] for year in then["years"]] == [2024]
    assert then["totals"]["gpa"] == 3.5


def test_grades_are_work_and_course_grades(sign_in: SignIn, world: the_cast.World) -> None:
    grades = sign_in("teacher").get(f"/api/v1/students/{world.ada}/grades").json()

    assert len(grades["course_grades"]) == 4
    assert {piece["assignment_code"] for piece in grades["work"]} >= {"T1", "T2", "T3", "MISSING"}


def test_a_gradebook_is_the_teachers_class(sign_in: SignIn, world: the_cast.World) -> None:
    client = sign_in("teacher")
    page = client.get(f"/sections/{world.algebra}/gradebook").text
    book = client.get(f"/api/v1/sections/{world.algebra}/gradebook").json()

    assert "65 students of yours" in page
    assert "1 piece missing" in page
    by_code = {work["assignment_code"]: work["assignment_id"] for work in book["work"]}
    (row,) = [row for row in book["rows"] if row["student_id"] == str(world.ada)]
    assert row["marks"][by_code["T1"]]["is_missing"]
    assert row["marks"][by_code["T3"]]["grade_value"] == 71.0
    assert row["grade_percent"] is not None


def test_a_gradebooks_file_has_a_column_for_each_piece(sign_in: SignIn, world: the_cast.World) -> None:
    client = sign_in("teacher")
    path = f"/sections/{world.algebra}/gradebook"

    lines = list(csv.DictReader(io.StringIO(client.get(f"{path}.csv").text.removeprefix("\ufeff"))))
    (line,) = [line for line in lines if line["T1"]]
    assert (line["T1"], line["T2"], line["T3"], line["MISSING"]) == ("missing", "exempt", "71.00", "")
    document = client.get(f"{path}.json").json()
    assert document["is_synthetic"] is True
    assert len(document["students"]) == len(lines) == 65


def test_a_gradebook_as_known_before_the_work_has_no_marks(sign_in: SignIn, world: the_cast.World) -> None:
    answer = sign_in("teacher").get(f"/sections/{world.algebra}/gradebook.json?as_of=2025-09-02").json()

    assert [row for row in answer["students"] if row["T3"] is not None] == []


def test_nobodys_marks_are_shown_to_nobody(sign_in: SignIn, world: the_cast.World) -> None:
    client = sign_in("nobody@oak.example")

    assert client.get(f"/api/v1/sections/{world.algebra}/gradebook").json()["rows"] == []
    for path in ("transcript", "grades"):
        assert client.get(f"/api/v1/students/{world.ada}/{path}").status_code == 404
    assert client.get("/api/v1/gpa").json()["data"] == []


def test_gpas_are_listed_of_who_has_final_grades(sign_in: SignIn) -> None:
    answer = sign_in("principal").get("/api/v1/gpa?school=OAK").json()

    (row,) = answer["data"]
    assert (row["totals"]["gpa"], row["totals"]["credits_earned"]) == (3.0, 4.0)
    assert sign_in("district_admin").get("/api/v1/gpa?grade_level=0").json()["data"] == []


def test_without_a_scale_the_api_says_what_to_do(sign_in: SignIn) -> None:
    answer = sign_in("olga@open.example").get("/api/v1/gpa")

    assert answer.status_code == 404
    assert "rollbook grades scale standard" in answer.json()["detail"]

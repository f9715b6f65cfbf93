"""What cannot be is refused with a problem or at its field, and writes nothing: never a failure of ours."""

import json
from typing import Any

import pytest

from web.clients import SignIn, post_form
from web.writing_cast import TODAY, World

LONG = "a" * 10_001
EXTREME_DAYS = ["0001-01-01", "1899-12-31", "9999-12-31", "2026-02-30", "", None, 7]


def bodies(world: World, student: str) -> list[tuple[str, str, dict[str, Any]]]:
    """Return requests that are right, to be spoiled one value at a time."""
    section, oak = world.algebra.section_id, world.oak.school_id
    part = {"student_id": student, "role": "witness", "injury": "x", "note": "y"}
    incident = {
        "incident_on": str(TODAY),
        "incident_type": "noise",
        "severity_level": 2,
        "school_id": str(oak),
        "location": "hall",
        "incident_number": "N-1",
        "incident_time": "10:30",
        "participants": [part],
    }
    performance = {"student_id": student, "performed_on": str(TODAY), "score": 5, "duration_minutes": 5}
    enrollment = {"school_id": str(world.elm.school_id), "entry_on": str(TODAY), "entry_code": "E01"}
    admission = {"student_number": "N-1", "first_name": "N", "last_name": "N", "birth_date": "2012-02-29"}
    plan = {"lesson_plan_code": "X", "course_id": str(world.algebra.course_id), "title": "T"}
    lesson = {"section_id": str(section), "planned_on": str(TODAY), "duration_minutes": 5, "content": {}}
    return [
        ("POST", f"/sections/{section}/attendance", {"date": str(TODAY), "period": 0, "marks": []}),
        ("POST", f"/schools/{oak}/attendance/submissions", {"date": str(TODAY)}),
        ("POST", "/incidents", incident),
        ("POST", "/students", {**admission, "enrollment": enrollment}),
        ("POST", f"/students/{student}/enrollments", enrollment),
        ("POST", f"/students/{student}/transfers", enrollment),
        ("POST", f"/sections/{section}/students", {"student_id": student, "enrolled_on": str(TODAY)}),
        ("POST", "/lesson-plans", plan | lesson),
        ("POST", "/activities/RUN/performances", {"performances": [performance]}),
        (
            "POST",
            "/fitness-tests/pacer/results",
            {"tested_on": str(TODAY), "results": [{"student_id": student, "result_value": 5}]},
        ),
        ("PUT", f"/students/{student}/preferences/running", {"preference_level": 3, "notes": "n"}),
        (
            "POST",
            f"/students/{student}/routines",
            {"routine_code": "WARM", "performed_on": str(TODAY), "metrics": {"pulse": 1}},
        ),
    ]


def spoiled(body: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the body with each of its values, one at a time, as it cannot be; and with a name too many."""
    deep = [{"a": ["\x00"]}, {"a": "\ud800"}, {"\x00": 1}, {"a": float("inf")}]
    strange: list[Any] = [
        *deep,
        LONG,
        "\x00",
        "\ud800",
        -1,
        10**30,
        float("1e300"),
        [],
        {},
        True,
        "'; DROP TABLE x",
    ]
    found = [body | {name: value} for name in body for value in (*strange, *EXTREME_DAYS)]
    for name, value in body.items():
        if isinstance(value, list) and value:
            found += [body | {name: [inner]} for inner in spoiled(value[0])]
    return [*found, body | {"tenant_id": 2}]


@pytest.mark.parametrize("number", range(10))
def test_no_body_makes_it_fail(world: World, sign_in: SignIn, number: int) -> None:
    client = sign_in("admin")
    method, path, body = bodies(world, str(world.student().student_id))[number]
    for sent in spoiled(body):
        text = json.dumps(sent)
        answer = client.request(
            method, f"/api/v1{path}", content=text, headers={"content-type": "application/json"}
        )

        assert answer.status_code < 500, (path, text[:300], answer.text)
        if answer.status_code >= 400:
            assert set(answer.json()) == {"title", "status", "detail", "code"}


@pytest.mark.parametrize("value", ["\x00", LONG, "0001-01-01", "9999-12-31", "-1", "999999999999", "nan"])
def test_no_field_makes_a_page_fail(world: World, sign_in: SignIn, value: str) -> None:
    client, student = sign_in("admin"), world.student()
    key = student.student_id
    section = world.algebra.section_id
    pages = {
        f"/sections/{section}/attendance": ["on", "period", f"s-{key}", f"m-{key}", f"r-{key}"],
        f"/schools/{world.oak.school_id}/attendance": ["on"],
        "/incidents/new": [
            "incident_on",
            "incident_time",
            "incident_type",
            "severity",
            "school_id",
            "lines",
            "who-0",
            "role-0",
            "starts-0",
            "lost-0",
        ],
        f"/students/{key}/enrollment": ["school_id", "entry_on", "entry_code", "grade_level"],
        f"/lesson-plans/new?section={section}": [
            "title",
            "planned_on",
            "duration_minutes",
            "standards",
            "code",
        ],
    }
    for path, names in pages.items():
        for name in names:
            answer = post_form(client, path, **{name: value})
            assert answer.status_code < 500, (path, name, answer.text)


def test_what_the_file_of_another_site_sends_is_refused(world: World, sign_in: SignIn) -> None:
    client = sign_in("teacher")

    answer = client.post(
        f"/api/v1{world.algebra_path}/attendance",
        json={"date": str(TODAY), "marks": []},
        headers={"origin": "https://elsewhere.example"},
    )

    assert answer.status_code == 403

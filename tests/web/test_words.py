"""How pages write what a machine keeps: instants by the district's clock, routes in words."""

from datetime import UTC, datetime

import pytest

from rollbook.core.words import many
from rollbook.reporting.log import Showing
from rollbook.ui.words import instant

HELD = "\N{NO-BREAK SPACE}"


def test_an_instant_is_told_by_the_districts_clock_and_keeps_its_second() -> None:
    told = instant(datetime(2025, 3, 1, 4, 30, 7, tzinfo=UTC), "America/Chicago")

    assert "Fri 28 Feb 2025, 22:30 CST".replace(" ", HELD).replace(f",{HELD}", ", ") in told
    assert 'title="2025-03-01 04:30:07 UTC"' in told
    assert 'datetime="2025-03-01T04:30:07+00:00"' in told


@pytest.mark.parametrize(
    ("what", "where"),
    [
        ("GET /students/{student_id}", "Student"),
        ("GET /students.csv", "Students (CSV)"),
        ("GET /sections/{section_id}/students.{kind}", "Section, students (file)"),
        ("POST /students/{student_id}/record", "Student, record"),
        ("GET /api/v1/students/{student_id}/attendance", "Student, attendance (API)"),
        ("GET /lesson-plans/{lesson_plan_id}", "Lesson plan"),
        ("GET /pe.json", "PE (JSON)"),
        ("rollbook attendance chronic", "rollbook attendance chronic"),
        ("complete record", "complete record"),
    ],
)
def test_a_showing_says_in_words_where_it_was(what: str, where: str) -> None:
    at = datetime(2025, 3, 1, tzinfo=UTC)

    assert Showing(at, "cora", "r1", what, "counselor", None, 1, None, None, None).where == where


@pytest.mark.parametrize(
    ("count", "told"), [(0, "0 days"), (1, "1 day"), (3714, "3,714 days"), (1.0, "1 day")]
)
def test_one_is_one(count: float, told: str) -> None:
    assert many(count, "day") == told

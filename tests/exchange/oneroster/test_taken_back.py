"""What a delta takes back ends with its parts, and an export of what remains comes in again."""

from collections.abc import Callable
from pathlib import Path

import pytest

from exchange.oneroster.bundles import District, Drop
from exchange.oneroster.test_round_trip import assert_round_trip

Another = Callable[[], District]
LATER = "2026-10-01T12:00:00.000Z"


@pytest.fixture
def later(tmp_path: Path) -> Drop:
    """Return a delta that says again what the bundle said."""
    return Drop(tmp_path / "later.zip").delta(LATER)


def take_back(drop: Drop, *names: tuple[str, str]) -> Drop:
    """Let the delta hold these records alone, as to be deleted."""
    kept = {(table, sourced_id): drop.row(table, sourced_id) for table, sourced_id in names}
    drop.tables = {}
    for (table, _), row in kept.items():
        drop.add(table, **{**row, "status": "tobedeleted"})
    return drop


def test_a_class_goes_with_its_work_and_its_students(district: District, drop: Drop, later: Drop) -> None:
    district.bring(drop.change("enrollments", "e4", endDate=""))

    work = [
        ("lineItems", "li1"),
        ("lineItems", "li2"),
        ("results", "x1"),
        ("results", "x2"),
        ("results", "x3"),
    ]
    seats = [("enrollments", "e1"), ("enrollments", "e4"), ("enrollments", "et")]
    outcome = district.bring(
        take_back(later, ("classes", "alg-1"), *work, *seats), accept_shrink={"grades", "assignments"}
    )

    assert outcome.counts["grades"].deleted == 3
    assert outcome.counts["assignments"].deleted == 2
    assert outcome.counts["course_enrollments"].closed == 2
    assert outcome.counts["section_staff"].closed == 1


def test_nobody_withdraws_from_a_class_that_is_over(district: District, drop: Drop, later: Drop) -> None:
    district.bring(drop)

    district.bring(take_back(later, ("enrollments", "e2"), ("enrollments", "et2")))

    seats = "SELECT withdrawn_on FROM course_enrollments WHERE source_id = 'e2'"
    assert district.rows(seats) == [(None,)]


SELDOM = (
    *(("courses", "alg"), ("academicSessions", "s1"), ("categories", "quiz")),
    *(("orgs", "elm"), ("scoreScales", "sc")),
)


@pytest.mark.parametrize(
    "name",
    [
        *(("users", "u1"), ("classes", "alg-1"), ("lineItems", "li1")),
        *(pytest.param(name, marks=pytest.mark.slow) for name in SELDOM),
    ],
)
def test_nothing_in_an_export_refers_to_what_was_taken_back(
    another: Another, drop: Drop, later: Drop, tmp_path: Path, name: tuple[str, str]
) -> None:
    first = another()
    first.bring(drop)
    first.bring(take_back(later, name))

    assert_round_trip(first, another(), tmp_path)

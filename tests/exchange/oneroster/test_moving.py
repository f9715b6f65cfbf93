"""A student who moves to another school was at the old one before, whatever the source calls both stays."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from exchange.oneroster.bundles import District, Drop, written
from exchange.oneroster.test_round_trip import assert_round_trip
from rollbook.core.clock import now

LATER = "2026-10-02T12:00:00.000Z"
MEANT = {"accept_shrink": {"student_school_enrollments", "course_enrollments"}}
Another = Callable[[], District]
STAYS = """
    SELECT school_code, entry_on::text, exit_on::text, is_primary
    FROM student_school_enrollments JOIN students USING (student_id) JOIN schools USING (school_id)
    WHERE student_number = '1002' ORDER BY entry_on, school_code
"""
MOVED = [("OAK-1", "2025-08-18", "2026-10-01", True), ("ELM-1", "2026-10-01", None, True)]


@pytest.fixture
def moved(tmp_path: Path) -> Drop:
    """Return the bundle in which Ben is at the other school."""
    drop = Drop(tmp_path / "moved.zip").change("users", "u2", primaryOrgSourcedId="elm")
    return drop.drop("enrollments", "e2")


@pytest.mark.parametrize("role", ["r2", "r2-elm"])
@pytest.mark.parametrize("mode", ["bulk", "delta"])
def test_the_old_stay_ends_when_the_new_one_begins(
    district: District, drop: Drop, moved: Drop, role: str, mode: str
) -> None:
    district.bring(drop)

    moved.change("roles", "r2", sourcedId=role, orgSourcedId="elm", beginDate="2026-10-01")
    if mode == "delta":
        moved.delta(LATER)
        ended = {
            **drop.row("roles", "r2"),
            "status": "tobedeleted",
            "dateLastModified": "2026-10-02T12:00:00.000Z",
        }
        moved.tables["roles"] += [ended] if role != "r2" else []
    district.bring(moved, **MEANT)

    assert district.rows(STAYS) == MOVED
    assert written(district.bring(moved, **MEANT)) == {}


def test_both_stays_are_in_an_export(another: Another, drop: Drop, moved: Drop, tmp_path: Path) -> None:
    first = another()
    first.bring(drop)
    first.bring(moved.change("roles", "r2", orgSourcedId="elm", beginDate="2026-10-01"), **MEANT)

    assert_round_trip(first, another(), tmp_path)


@pytest.mark.parametrize("role", ["r2", "r2-elm"])
def test_who_does_not_say_since_when_moved_today(
    district: District, drop: Drop, moved: Drop, role: str
) -> None:
    this_year = {"startDate": f"{now() - timedelta(days=60):%Y-%m-%d}", "endDate": "2099-06-12"}
    district.bring(drop.change("academicSessions", "y", **this_year).change("roles", "r2", beginDate=""))

    moved.change("academicSessions", "y", **this_year)
    moved.change("roles", "r2", sourcedId=role, orgSourcedId="elm", beginDate="")
    district.bring(moved, **MEANT)

    (old, new) = district.rows(STAYS)
    assert (old[0], new[0], old[2]) == ("OAK-1", "ELM-1", new[1])
    assert old[1] < new[1]
    assert written(district.bring(moved, **MEANT)) == {}

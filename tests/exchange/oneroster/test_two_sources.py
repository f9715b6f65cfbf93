"""Two systems that speak of one tenant: neither takes away, or renames, what the other said."""

from pathlib import Path

import pytest

from exchange.oneroster.bundles import District, Drop, written


@pytest.fixture
def learning(tmp_path: Path) -> Drop:
    """Return the bundle of a second system: the same people, other ids for what they do."""
    return Drop(tmp_path / "learning.zip").only("orgs", "users", "userProfiles", "roles")


def test_the_same_id_for_something_else_is_something_else(
    district: District, drop: Drop, tmp_path: Path
) -> None:
    district.bring(drop, source="sis")

    other = Drop(tmp_path / "other.zip").only("academicSessions", "categories")
    other.change("academicSessions", "s1", title="Trimester 2", startDate="2026-02-01", endDate="2026-04-01")
    district.bring(other.change("categories", "quiz", title="Labs"), source="lms")

    sessions = "SELECT session_code, title FROM academic_sessions WHERE session_code LIKE '%s1' ORDER BY 1"
    categories = "SELECT category_code, title FROM assignment_categories WHERE category_code LIKE '%quiz'"
    assert district.rows(sessions) == [("lms:s1", "Trimester 2"), ("s1", "Fall")]
    assert sorted(district.rows(categories)) == [("lms:quiz", "Labs"), ("quiz", "Quizzes")]
    assert written(district.bring(drop, source="sis")) == {}
    assert written(district.bring(other, source="lms")) == {}


def test_the_same_session_by_the_same_id_is_one(district: District, drop: Drop, tmp_path: Path) -> None:
    district.bring(drop, source="sis")

    district.bring(Drop(tmp_path / "other.zip").only("academicSessions"), source="lms")

    assert district.rows("SELECT count(*) FROM academic_sessions") == [(3,)]


def test_a_complete_file_closes_nothing_that_another_source_told(
    district: District, drop: Drop, learning: Drop
) -> None:
    district.bring(drop, source="sis")
    before = district.rows("SELECT * FROM student_school_enrollments ORDER BY enrollment_id")

    for role in learning.tables["roles"]:
        role["sourcedId"] = f"lms-{role['sourcedId']}"
        if "beginDate" in role:
            role["beginDate"] = "2025-10-15"
    learning.drop("roles", "lms-r4a")
    outcome = district.bring(learning, source="lms")

    ours = "SELECT * FROM student_school_enrollments WHERE source_id NOT LIKE 'lms-%' ORDER BY enrollment_id"
    assert outcome.counts["student_school_enrollments"].closed == 0
    assert district.rows(ours) == before
    assert "student_school_enrollments" not in written(district.bring(drop, source="sis"))


def test_the_same_role_id_of_another_source_is_another_role(
    district: District, drop: Drop, learning: Drop
) -> None:
    district.bring(drop, source="sis")

    learning.change("roles", "r2", orgSourcedId="elm", beginDate="2025-11-03").drop("roles", "r4a")
    learning.change("users", "u2", primaryOrgSourcedId="elm")
    district.bring(learning, source="lms")

    stays = (
        "SELECT entry_on::text, is_primary FROM student_school_enrollments WHERE source_id = 'r2' ORDER BY 1"
    )
    assert district.rows(stays) == [("2025-08-18", True), ("2025-11-03", False)]

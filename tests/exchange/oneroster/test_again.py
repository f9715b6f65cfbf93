"""What a second bundle changes: what it misses is closed, what it says anew is a new version."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

from exchange.oneroster.bundles import District, Drop, read, written
from rollbook.core.tenancy import find_tenant
from rollbook.intake.undo import undo


def test_the_same_bundle_again_writes_nothing(district: District, drop: Drop) -> None:
    district.bring(drop)

    assert district.bring(drop).written == 0


def test_a_change_is_one_row(district: District, drop: Drop) -> None:
    district.bring(drop)

    outcome = district.bring(drop.change("users", "u1", familyName="King"))

    assert written(outcome) == {"students": (0, 1, 0, 0)}
    assert district.rows("SELECT last_name FROM students_history") == [("Byron",)]


def test_who_is_missing_is_closed_and_stays_a_student(district: District, drop: Drop) -> None:
    district.bring(drop)
    today = datetime.now(UTC).date()
    drop.drop("users", "u1").drop("roles", "r1").drop("enrollments", "e1").drop("demographics", "u1")
    drop.drop("results", "x1", "x3").drop("userResources", "ur")
    drop.drop("resultLearningObjectiveIds", "ro").drop("resultScoreScales", "rs")

    outcome = district.bring(drop)

    assert written(outcome)["student_school_enrollments"] == (0, 0, 1, 0)
    assert written(outcome)["course_enrollments"] == (0, 0, 1, 0)
    assert written(outcome)["grades"] == (0, 0, 0, 2)
    assert "students" not in written(outcome)
    assert district.rows("SELECT count(*) FROM students") == [(4,)]
    assert district.rows(
        "SELECT exit_on, withdrawn_on FROM students JOIN student_school_enrollments USING (tenant_id,"
        " student_id)"
        " JOIN course_enrollments USING (tenant_id, student_id) WHERE student_number = '1001'"
    ) == [(today, today)]
    assert district.bring(drop).written == 0


def test_who_comes_back_is_the_same_student(district: District, drop: Drop, tmp_path: Path) -> None:
    district.bring(drop)
    before = district.rows("SELECT student_id FROM students WHERE student_number = '1003'")
    left = Drop(tmp_path / "left.zip").drop("users", "u3").drop("roles", "r3").drop("enrollments", "e3")
    district.bring(left)

    district.bring(drop.change("users", "u3", identifier="1003-B"))

    assert district.rows("SELECT student_id FROM students WHERE student_number = '1003-B'") == before
    assert district.rows("SELECT count(*) FROM students") == [(4,)]


def test_a_student_who_moves_is_at_one_school_at_a_time(district: District, drop: Drop) -> None:
    district.bring(drop)
    drop.drop("roles", "r2").add(
        "roles", sourcedId="r2b", userSourcedId="u2", roleType="primary", role="student", orgSourcedId="elm",
        beginDate="2026-01-10",
    )  # fmt: skip

    district.bring(drop.change("users", "u2", primaryOrgSourcedId="elm"))

    assert district.rows(
        "SELECT school_code, entry_on, exit_on, is_primary FROM student_school_enrollments"
        " JOIN students USING (tenant_id, student_id) JOIN schools USING (tenant_id, school_id)"
        " WHERE student_number = '1002' ORDER BY 2"
    ) == [("OAK-1", date(2025, 8, 18), date(2026, 1, 10), True), ("ELM-1", date(2026, 1, 10), None, True)]


def test_a_class_that_is_over_is_not_withdrawn_from(district: District, drop: Drop) -> None:
    """At the turn of the year a bundle has the new classes only."""
    district.bring(drop)

    district.bring(
        drop.drop("enrollments", "e2", "e3", "et2").drop("classes", "art-1").drop("courses", "art")
    )

    assert district.rows(
        "SELECT count(*) FROM course_enrollments JOIN sections USING (tenant_id, section_id)"
        " WHERE section_code = 'art-1' AND withdrawn_on IS NULL"
    ) == [(2,)]


def test_a_delta_adds_changes_and_takes_away(district: District, drop: Drop, tmp_path: Path) -> None:
    district.bring(drop)
    delta = Drop(tmp_path / "delta.zip").only("users", "roles", "enrollments", "results")
    delta.tables["users"] = [row for row in delta.tables["users"] if row["sourcedId"] == "u3"]
    delta.tables["roles"] = []
    delta.tables["enrollments"] = [
        row for row in delta.tables["enrollments"] if row["sourcedId"] in ("e1", "e3")
    ]
    delta.tables["results"] = [row for row in delta.tables["results"] if row["sourcedId"] == "x2"]
    delta.change("users", "u3", familyName="Roy").change("enrollments", "e1", status="tobedeleted")
    delta.change("enrollments", "e3", classSourcedId="alg-1", schoolSourcedId="elm").change(
        "results", "x2", status="tobedeleted"
    )

    outcome = district.bring(delta.delta())

    assert written(outcome) == {
        "students": (0, 1, 0, 0),
        "course_enrollments": (1, 0, 1, 0),
        "grades": (0, 0, 0, 1),
    }
    assert district.rows("SELECT last_name FROM students WHERE student_number = '1003'") == [("Roy",)]
    assert district.bring(delta).written == 0


def test_an_import_is_taken_back_whole(district: District, drop: Drop, tmp_path: Path) -> None:
    district.bring(
        drop.add("resultScoreScales", sourcedId="rs2", resultSourcedId="x3", scoreScaleSourcedId="sc")
    )
    district.export(tmp_path / "before.zip")
    changed = Drop(tmp_path / "changed.zip").change("users", "u1", familyName="King").drop("roles", "rt2")
    changed.drop("resultScoreScales", "rs2").change("classes", "alg-1", termSourcedIds="s2")
    outcome = district.bring(changed)
    assert outcome.import_id is not None

    with district.session() as db:
        undo(db, find_tenant(db, district.slug), outcome.import_id, who="ada")
        db.commit()

    district.export(tmp_path / "after.zip")
    assert read(tmp_path / "after.zip") == read(tmp_path / "before.zip")


def test_a_delta_out_says_what_changed_since(district: District, drop: Drop, tmp_path: Path) -> None:
    drop.add("userResources", sourcedId="ur2", userSourcedId="t1", resourceSourcedId="book")
    district.bring(drop)
    since = datetime.now(UTC)
    district.bring(
        drop.change("users", "u1", familyName="King").drop("results", "x3").drop("userResources", "ur")
    )

    district.export(tmp_path / "delta.zip", since=since)

    told = read(tmp_path / "delta.zip")
    assert {
        name: {row["sourcedId"]: row["status"] for row in rows}
        for name, rows in told.items()
        if name != "manifest"
    } == {
        "users": {"u1": "active"},
        "demographics": {"u1": "active"},
        "results": {"x3": "tobedeleted"},
        "userResources": {"ur": "tobedeleted"},
    }
    assert told["users"][0]["familyName"] == "King"


def test_a_delta_out_is_taken_in_elsewhere(
    district: District, drop: Drop, tmp_path: Path, another: Callable[[], District]
) -> None:
    other = another()
    district.bring(drop)
    other.bring(drop)
    since = datetime.now(UTC)
    drop.change("users", "u1", familyName="King").drop("results", "x3").drop("enrollments", "et2")
    district.bring(
        drop.add(
            "enrollments",
            sourcedId="e9",
            classSourcedId="alg-1",
            schoolSourcedId="elm",
            userSourcedId="u3",
            role="student",
        )
    )
    district.export(tmp_path / "delta.zip", since=since)

    outcome = other.bring(tmp_path / "delta.zip")

    assert outcome.rejected == 0
    district.export(tmp_path / "one.zip")
    other.export(tmp_path / "two.zip")
    assert read(tmp_path / "two.zip") == read(tmp_path / "one.zip")

"""The pipeline as a whole: what a drop writes, what a second one changes, what a delta leaves alone."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from sqlalchemy import text

from intake.school import CLOSED_ON, District, Drop, Register, counts
from rollbook.core.tenancy import TenantNotFound
from rollbook.intake.errors import ArchiveMissing, FileEmpty, IncomingRepeats
from rollbook.intake.format import Run
from rollbook.intake.refusals import MergeCollides, TenantIsSynthetic
from rollbook.intake.target import Completeness
from rollbook.testing.databases import Database

STUDENTS = "SELECT student_number, last_name, grade_level FROM students ORDER BY 1"
ENROLLED = "SELECT count(*) FROM student_school_enrollments WHERE exit_on IS NULL"


def receipts(district: District) -> list[tuple[object, ...]]:
    return district.rows("SELECT import_id, state, reason FROM imports ORDER BY 1")


def test_a_first_drop_writes_every_row(district: District, drop: Drop) -> None:
    outcome = district.bring(drop)

    assert counts(outcome) == {
        "schools": (2, 0, 0, 0),
        "students": (4, 0, 0, 0),
        "student_school_enrollments": (4, 0, 0, 0),
        "attendance_records": (4, 0, 0, 0),
    }
    assert outcome.written == 14
    stamped = district.rows("SELECT count(*), min(import_id), max(import_id) FROM attendance_records")
    assert stamped == [(4, outcome.import_id, outcome.import_id)]


def test_the_same_drop_again_writes_nothing(district: District, drop: Drop) -> None:
    district.bring(drop)

    again = district.bring(drop)

    assert again.written == 0
    assert [one.unchanged for one in again.tables] == [2, 4, 4, 4]
    assert district.rows("SELECT count(*) FROM students_history") == [(0,)]


def test_a_change_is_counted_by_column_and_kept_as_a_version(district: District, drop: Drop) -> None:
    first = district.bring(drop)
    drop.change("students.csv", "1,Ada,3,free", "1,Adah,4,free").change("students.csv", "3,Cyd,,", "3,Cyd,5,")

    second = district.bring(drop)

    students = second.tables[1]
    assert (students.changed, students.columns) == (2, {"last_name": 1, "grade_level": 2})
    assert district.rows(STUDENTS)[0] == ("1", "Adah", 4)
    assert district.rows(
        "SELECT last_name, import_id, superseded_by_import FROM students_history WHERE student_number = '1'"
    ) == [("Ada", first.import_id, second.import_id)]


def test_a_row_is_known_when_its_source_says_but_never_later_than_now(district: District, drop: Drop) -> None:
    drop.change("students.csv", "2,Ben,4,paid,", "2,Ben,4,paid,2999-01-01T00:00:00Z")
    district.bring(drop)

    known = dict(district.rows("SELECT student_number, known_at FROM students"))

    assert known["1"] == datetime(2025, 9, 1, 8, tzinfo=UTC)
    assert known["2"] == known["4"], "now, for what is to come and for what is not told"
    assert known["4"] > datetime(2026, 1, 1, tzinfo=UTC)


def test_a_change_that_claims_to_be_older_than_what_it_changes_is_known_now(
    district: District, drop: Drop
) -> None:
    district.bring(drop)
    since = dict(district.rows("SELECT student_number, known_at FROM students"))

    district.bring(
        drop.change("students.csv", "1,Ada,3,free,2025-09-01", "1,Ida,3,free,2025-08-01").change(
            "students.csv", "3,Cyd,,,2025-09-02", "3,Kyd,,,2025-09-03"
        )
    )

    known = dict(district.rows("SELECT student_number, known_at FROM students"))
    assert known["1"] > since["4"]
    assert known["3"] == datetime(2025, 9, 3, 8, tzinfo=UTC)


def test_what_a_bulk_drop_misses_is_closed_deleted_or_kept(district: District, drop: Drop) -> None:
    district.bring(drop)
    for file in ("students.csv", "enrollments.csv", "marks.csv"):
        lines = drop.files[file].decode().splitlines(keepends=True)
        drop.files[file] = "".join(line for line in lines if not line.startswith("2,")).encode()

    second = district.bring(drop)

    assert [(one.table, one.missing) for one in second.tables if one.missing] == [
        ("students", 1),
        ("student_school_enrollments", 1),
        ("attendance_records", 1),
    ]
    assert counts(second)["student_school_enrollments"] == (0, 0, 1, 0)
    assert counts(second)["attendance_records"] == (0, 0, 0, 1)
    assert len(district.rows(STUDENTS)) == 4, "a student is never taken away"
    assert district.rows(
        "SELECT student_number, exit_on FROM student_school_enrollments JOIN students USING (student_id)"
        " WHERE exit_on IS NOT NULL"
    ) == [("2", CLOSED_ON)]
    assert district.bring(drop).written == 0, "who has left does not leave again"


def test_who_comes_back_is_opened_again(district: District, drop: Drop, tmp_path: Path) -> None:
    district.bring(drop)
    district.bring(Drop(tmp_path / "less").change("enrollments.csv", "2,OAK,2025-09-01\n", ""))
    assert district.rows(ENROLLED) == [(3,)]

    back = district.bring(drop)

    assert counts(back)["student_school_enrollments"] == (0, 1, 0, 0)
    assert district.rows(ENROLLED) == [(4,)]


def test_a_delta_leaves_what_it_does_not_mention(district: District, drop: Drop) -> None:
    district.bring(drop)
    drop.files["students.csv"] = b"number,name,grade,lunch,since\n1,Ada,4,free,\n"
    drop.files["enrollments.csv"] = b"number,school,entry\n"
    drop.files["marks.csv"] = b"number,day,mark\n1,2025-10-02,tardy\n"

    delta = district.bring(drop, Register(Completeness.DELTA))

    assert counts(delta)["students"] == (0, 1, 0, 0)
    assert counts(delta)["attendance_records"] == (0, 1, 0, 0)
    assert district.rows(ENROLLED) == [(4,)]


def test_a_dry_run_says_the_same_and_writes_nothing(district: District, drop: Drop, tmp_path: Path) -> None:
    district.bring(drop)
    changed = Drop(tmp_path / "changed").change("students.csv", "1,Ada,3", "1,Ada,4")
    changed.add("students.csv", "5,Eve,2,paid,")

    dry = district.bring(changed, is_dry_run=True)

    assert (dry.import_id, dry.written) == (None, 0)
    assert (dry.tables[1].new, dry.tables[1].changed) == (1, 1)
    assert len(district.rows(STUDENTS)) == 4
    assert len(receipts(district)) == 1
    assert dry.tables == district.bring(changed).tables


def test_a_dry_run_makes_no_tenant(district: District, drop: Drop) -> None:
    assert district.bring(drop, is_dry_run=True).tables[0].new == 2

    with pytest.raises(TenantNotFound):
        district.rows("SELECT 1")


def test_a_tenant_that_is_not_there_is_not_made_by_mistake(district: District, drop: Drop) -> None:
    with pytest.raises(TenantNotFound):
        district.bring(drop, new_tenant=False)


def test_real_pupils_do_not_go_into_a_synthetic_tenant(district: District, drop: Drop) -> None:
    district.bring(drop, is_synthetic=True)

    with pytest.raises(TenantIsSynthetic, match="--synthetic"):
        district.bring(drop)
    assert district.bring(drop, is_synthetic=True).written == 0


class _Blurred(Register):
    """Takes every day for the first of its month."""

    def type_rows(self, run: Run) -> None:
        super().type_rows(run)
        run.db.execute(text("UPDATE incoming_enrollments SET entry_on = date_trunc('month', entry_on)"))


def test_rows_that_are_the_same_for_us_are_refused(district: District, drop: Drop) -> None:
    drop.add("enrollments.csv", "1,OAK,2025-09-02")

    with pytest.raises(IncomingRepeats, match="student_school_enrollments"):
        district.bring(drop, _Blurred())


def test_what_collides_with_a_rule_of_a_table_names_the_rule_and_no_value(
    district: District, drop: Drop
) -> None:
    district.bring(drop)
    drop.add("enrollments.csv", "1,ELM,2025-10-01")

    with pytest.raises(MergeCollides, match="one_primary") as refused:
        district.bring(drop)

    assert "2025" not in str(refused.value)
    assert receipts(district)[1][1:] == ("refused", str(refused.value))
    assert district.rows("SELECT count(*) FROM student_school_enrollments") == [(4,)]


def test_a_drop_that_is_not_there_leaves_no_receipt(district: District, drop: Drop, tmp_path: Path) -> None:
    district.bring(drop)

    with pytest.raises(ArchiveMissing):
        district.bring(tmp_path / "nowhere.zip")

    assert len(receipts(district)) == 1


def test_a_drop_that_is_wrong_as_a_whole_leaves_a_receipt(district: District, drop: Drop) -> None:
    drop.files["schools.csv"] = b""

    with pytest.raises(FileEmpty):
        district.bring(drop)

    assert receipts(district)[0][1:] == (
        "refused",
        "schools.csv is empty; its first line must name the columns.",
    )


class _Broken(Register):
    def check(self, run: Run) -> None:  # noqa: ARG002 -- as its parent's
        raise ZeroDivisionError("Ada Byron")


def test_a_fault_of_ours_leaves_a_receipt_without_its_words(district: District, drop: Drop) -> None:
    with pytest.raises(ZeroDivisionError):
        district.bring(drop, _Broken())

    assert receipts(district)[0][1:] == ("failed", "ZeroDivisionError")


def test_the_receipt_says_who_brought_what(district: District, drop: Drop) -> None:
    outcome = district.bring(drop)

    ((who, source, file, sha256, files, told),) = district.rows(
        "SELECT who, source, file_name, sha256, files, counts FROM imports"
    )
    assert (who, source, file) == ("ada", "sis", "drop.zip")
    assert len(str(sha256)) == 64
    assert [(one["file"], one["rows_read"]) for one in files] == [
        ("schools.csv", 2),
        ("students.csv", 4),
        ("enrollments.csv", 4),
        ("marks.csv", 4),
    ]
    assert told["students"] == {"new": 4, "changed": 0, "closed": 0, "deleted": 0, "unchanged": 0}
    assert outcome.files[0].sha256 == files[0]["sha256"]


def test_receipts_and_rejects_need_the_whole_tenant(district: District, drop: Drop) -> None:
    district.bring(drop.add("students.csv", "9,Zoe,99,free,"), max_rejects=1)

    with district.session() as db:
        db.execute(text("SELECT set_config('rollbook.scope', 'students', true)"))
        assert db.execute(text("SELECT count(*) FROM imports")).scalar_one() == 0
        assert db.execute(text("SELECT count(*) FROM intake_rejects")).scalar_one() == 0
    assert district.rows("SELECT count(*) FROM intake_rejects") == [(1,)]


def test_tenants_do_not_see_each_others_imports(
    district: District, drop: Drop, fresh_database: Database
) -> None:
    other = District(fresh_database.url, "elm-hill")
    district.bring(drop)
    other.bring(drop)

    assert len(receipts(district)) == len(receipts(other)) == 1
    assert district.rows(ENROLLED) == [(4,)]


def test_months_are_made_for_what_comes(district: District, drop: Drop) -> None:
    drop.add("marks.csv", "1,2031-02-03,absent")

    district.bring(drop)

    assert district.rows("SELECT date FROM attendance_records ORDER BY 1 DESC LIMIT 1") == [
        (date(2031, 2, 3),)
    ]

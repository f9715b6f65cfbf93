"""Rejected rows go out as a file to be fixed, run no formula there, and come in again."""

import csv
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake.rejecting import bring_and_keep, rejected
from intake.school import District, Drop
from rollbook.intake.cells import guarded, unguarded
from rollbook.intake.errors import NotAFixUp
from rollbook.intake.fixup import FixUp, NoRejects, SeveralFiles, export_rejects
from rollbook.intake.receipts import find_import
from rollbook.intake.refusals import FixUpOfAnother, TooManyRejects

# What a spreadsheet runs.
RUN = ("=", "+", "-", "@", "\t", "\r", "\n")


def export(district: District, import_id: int, path: Path) -> list[FixUp]:
    with district.session() as db:
        return list(export_rejects(db, find_import(db, import_id), path))


FAULTY = (
    '5,"=HYPERLINK(""http://evil"")",13,free,',
    "6,-Fay,14,@x,",
    "7,'+Gil,1,none,",
    '8,"Hal, the ""tall""",15,paid,',
)


@pytest.fixture
def faulty(drop: Drop) -> Drop:
    return drop.add("students.csv", *FAULTY)


def test_a_fix_up_file_holds_the_rows_and_runs_no_formula(
    district: District, faulty: Drop, tmp_path: Path
) -> None:
    import_id = bring_and_keep(district, faulty)

    (written,) = export(district, import_id, tmp_path / "fix.csv")

    assert (written.file, written.rows) == ("students.csv", 4)
    assert stat.S_IMODE(written.path.stat().st_mode) == 0o600
    with written.path.open(newline="", encoding="utf-8") as opened:
        header, *rows = csv.reader(opened)
    assert header[:2] == ["rollbook_import", "rollbook_line"]
    assert header[5:] == ["number", "name", "grade", "lunch", "since"]
    assert not any(cell.startswith(RUN) for row in rows for cell in row)
    assert [unguarded(row[6]) for row in rows] == [
        '=HYPERLINK("http://evil")',
        "-Fay",
        "'+Gil",
        'Hal, the "tall"',
    ]
    assert rows[1][3] == "grade is not a whole number from 0 to 12; lunch is not one of free, reduced, paid"


def fix(path: Path, *changes: tuple[str, str]) -> None:
    content = path.read_text(encoding="utf-8")
    for old, new in changes:
        assert content.count(old) == 1
        content = content.replace(old, new)
    path.write_text(content, encoding="utf-8")


def test_fixed_rows_come_in_and_leave_the_quarantine(
    district: District, faulty: Drop, tmp_path: Path
) -> None:
    import_id = bring_and_keep(district, faulty)
    export(district, import_id, tmp_path / "fix.csv")
    fix(
        tmp_path / "fix.csv",
        (",13,", ",12,"),
        ("'@x", "paid"),
        (",14,", ",11,"),
        ("Gil,1,none", "Gil,1,free"),
    )

    again = district.bring(tmp_path / "fix.csv", max_rejects=1, retry_of=import_id, file_name="students.csv")

    assert (again.counts["students"].new, again.rejected) == (3, 1)
    assert [row[0] for row in district.rows("SELECT last_name FROM students ORDER BY student_number")][
        4:
    ] == [
        '=HYPERLINK("http://evil")',
        "-Fay",
        "'+Gil",
    ]
    assert district.rows("SELECT import_id, fields ->> 'number' FROM intake_rejects") == [
        (again.import_id, "8")
    ]
    assert district.rows("SELECT count(*) FROM student_school_enrollments WHERE exit_on IS NULL") == [(4,)]
    assert district.rows("SELECT retry_of FROM imports ORDER BY import_id") == [(None,), (import_id,)]


def test_an_unfixed_file_changes_nothing(district: District, faulty: Drop, tmp_path: Path) -> None:
    import_id = bring_and_keep(district, faulty)
    export(district, import_id, tmp_path / "fix.csv")

    with pytest.raises(TooManyRejects):
        district.bring(tmp_path / "fix.csv", retry_of=import_id, file_name="students.csv")

    assert district.rows("SELECT count(DISTINCT line) FROM intake_rejects WHERE import_id = 1") == [(4,)]


def test_rejects_of_several_files_go_to_a_folder(district: District, drop: Drop, tmp_path: Path) -> None:
    drop.change("students.csv", "1,Ada,3", "1,Ada,99")
    import_id = bring_and_keep(district, drop)

    with pytest.raises(SeveralFiles, match=r"enrollments\.csv, marks\.csv, students\.csv"):
        export(district, import_id, tmp_path / "fix.csv")
    written = export(district, import_id, tmp_path / "fix")

    assert [(one.file, one.rows) for one in written] == [
        ("enrollments.csv", 1),
        ("marks.csv", 2),
        ("students.csv", 1),
    ]
    fix(tmp_path / "fix" / "students.csv", (",99,", ",3,"))
    again = district.bring(tmp_path / "fix", retry_of=import_id)
    assert again.counts["attendance_records"].new == 2
    assert rejected(district) == []


def test_what_is_no_fix_up_file_is_refused(district: District, faulty: Drop, tmp_path: Path) -> None:
    import_id = bring_and_keep(district, faulty)
    (tmp_path / "students.csv").write_bytes(faulty.files["students.csv"])

    with pytest.raises(NotAFixUp, match="rollbook_import, rollbook_line"):
        district.bring(tmp_path / "students.csv", retry_of=import_id)


def test_the_fix_up_file_of_another_import_is_refused(
    district: District, faulty: Drop, tmp_path: Path
) -> None:
    first = bring_and_keep(district, faulty)
    second = bring_and_keep(district, faulty)
    export(district, first, tmp_path / "fix.csv")

    with pytest.raises(FixUpOfAnother):
        district.bring(tmp_path / "fix.csv", retry_of=second, file_name="students.csv")


def test_nothing_to_fix(district: District, drop: Drop, tmp_path: Path) -> None:
    with pytest.raises(NoRejects):
        export(district, bring_and_keep(district, drop), tmp_path / "fix.csv")


@given(cell=st.text(max_size=6) | st.text("'=+-@\t\r\n", max_size=4))
def test_a_guard_is_always_taken_away_again(cell: str) -> None:
    assert unguarded(guarded(cell)) == cell
    assert not guarded(cell).startswith(RUN)

"""The quarantine: what is rejected waits whole, is grouped by cause, goes out to be fixed, and comes back."""

import csv
import stat
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake.school import District, Drop, Register
from rollbook.intake.cells import DANGEROUS, guarded, unguarded
from rollbook.intake.errors import NotAFixUp
from rollbook.intake.fixup import FixUp, NoRejects, SeveralFiles, export_rejects
from rollbook.intake.quarantine import Cause, causes_of
from rollbook.intake.receipts import find_import
from rollbook.intake.refusals import FixUpOfAnother, TooManyRejects

PLENTY = 1_000_000


def rejected(district: District) -> list[tuple[object, ...]]:
    return district.rows(
        "SELECT file, line, column_name, value_class, reason FROM intake_rejects ORDER BY 1, 2, 3"
    )


def causes(district: District, import_id: int) -> list[str]:
    with district.session() as db:
        return [str(cause) for cause in causes_of(db, import_id)]


def export(district: District, import_id: int, path: Path) -> list[FixUp]:
    with district.session() as db:
        return list(export_rejects(db, find_import(db, import_id), path))


def bring_and_keep(district: District, drop: Drop) -> int:
    import_id = district.bring(drop, max_rejects=PLENTY).import_id
    assert import_id
    return import_id


def test_a_bad_row_waits_and_the_good_ones_go_on(district: District, drop: Drop) -> None:
    drop.add("students.csv", "5,Eve,13,free,", "6,Fay,1,free,")

    outcome = district.bring(drop, max_rejects=1)

    assert (outcome.rejected, outcome.counts["students"].new) == (1, 5)
    assert rejected(district) == [
        ("students.csv", 6, "grade", "digits", "is not a whole number from 0 to 12")
    ]
    assert district.rows("SELECT fields FROM intake_rejects") == [
        ({"number": "5", "name": "Eve", "grade": "13", "lunch": "free"},)
    ]


def test_one_reject_too_many_refuses_all_and_keeps_the_rejects(district: District, drop: Drop) -> None:
    drop.add("students.csv", "5,Eve,13,free,", "6,Fay,14,free,")

    with pytest.raises(TooManyRejects, match=r"students.csv, line 6, column grade: .* \(and 1 more"):
        district.bring(drop, max_rejects=1)

    assert district.rows("SELECT count(*) FROM students") == [(0,)]
    assert len(rejected(district)) == 2
    assert district.rows("SELECT state, rejected FROM imports") == [("refused", 2)]


def test_a_dry_run_keeps_no_rejects(district: District, drop: Drop) -> None:
    district.bring(drop)
    drop.add("students.csv", "5,Eve,13,free,")

    outcome = district.bring(drop, is_dry_run=True)

    assert (outcome.rejected, outcome.is_refused) == (1, True)
    assert rejected(district) == []


def test_each_fault_of_a_row_is_named(district: District, drop: Drop) -> None:
    drop.add("students.csv", "5,,13,free,")

    bring_and_keep(district, drop)

    assert [row[1:4] for row in rejected(district)] == [(6, "grade", "digits"), (6, "name", "empty")]


def test_what_depends_on_a_reject_says_so(district: District, drop: Drop) -> None:
    drop.change("students.csv", "1,Ada,3", "1,Ada,99").add("enrollments.csv", "77,OAK,2025-09-01")

    import_id = bring_and_keep(district, drop)

    assert causes(district, import_id) == [
        "2 rows of marks.csv: number refers to a rejected row of students.csv",
        "1 row of enrollments.csv: number refers to a rejected row of students.csv",
        "1 row of enrollments.csv: number has no match in students.csv",
        "1 row of students.csv: grade is not a whole number from 0 to 12",
    ]


@pytest.mark.parametrize(
    ("line", "reason", "fields"),
    [
        ("5,Eve", "has 2 values instead of 5", {"number": "5", "name": "Eve"}),
        (
            "5,Eve,1,free,,x,=y",
            "has 7 values instead of 5",
            {
                "number": "5",
                "name": "Eve",
                "grade": "1",
                "lunch": "free",
                "since": "",
                "rollbook_rest": "x,=y",
            },
        ),
    ],
)
def test_a_line_that_is_no_row_is_kept_as_far_as_it_goes(
    district: District, drop: Drop, line: str, reason: str, fields: dict[str, str]
) -> None:
    bring_and_keep(district, drop.add("students.csv", line))

    assert district.rows("SELECT reason, value_class, fields FROM intake_rejects") == [
        (reason, "row", fields)
    ]


def test_a_code_that_comes_up_often_is_named(district: District, drop: Drop) -> None:
    drop.add("students.csv", *(f"{n},Kim,1,X,2025-01-01" for n in range(10, 16)))

    import_id = bring_and_keep(district, drop)

    assert causes(district, import_id) == [
        "6 rows of students.csv: lunch 'X' is not one of free, reduced, paid"
    ]


def test_what_is_no_code_is_never_named(district: District, drop: Drop) -> None:
    """A shift of columns puts names where codes should be, and numbers of pupils where grades should be."""
    names = [f"{n},{n * 7},Kim,Name{n},2025-01-01" for n in range(10, 60)]
    rare = ["90,Kim,1,Byron,2025-01-01"]
    once_and_again = [f"{n},Kim,Lovelace,paid,2025-01-01" for n in range(100, 110)]
    drop.add("students.csv", *names, *rare, *once_and_again)

    import_id = bring_and_keep(district, drop)

    told = " ".join(causes(district, import_id)) + str(rejected(district))
    assert "61 rows" not in told
    assert all(word not in told for word in ("Name", "Byron", "Lovelace", "70"))
    assert {row[3] for row in rejected(district)} == {"mixed", "letters"}


def test_repeated_lines_are_one_cause(district: District, drop: Drop) -> None:
    drop.add("students.csv", "1,Ada,3,free,", "2,Ben,4,paid,", "1,Ada,3,free,")

    assert causes(district, bring_and_keep(district, drop)) == [
        "3 rows of students.csv: number repeats an earlier line"
    ]


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ("", "empty"),
        ("7", "digits"),
        ("-7,5", "number"),
        ("2025-13-45", "date-like"),
        ("1/2/2025", "date-like"),
        ("Zoë", "letters"),
        ("Ada Byron", "words"),
        ("ada@example.org", "mixed"),
        ("a1", "mixed"),
    ],
)
def test_a_value_is_told_by_its_kind(district: District, drop: Drop, value: str, kind: str) -> None:
    drop.add("marks.csv", f'1,"{value}",present')

    bring_and_keep(district, drop)

    assert [row[3] for row in rejected(district)] == [kind]


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
    assert not any(cell.startswith(tuple(DANGEROUS)) for row in rows for cell in row)
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


def test_old_rejects_are_forgotten(district: District, faulty: Drop, drop: Drop) -> None:
    import_id = bring_and_keep(district, faulty)
    with district.session() as db:
        find_import(db, import_id).started_at -= timedelta(days=91)
        db.commit()

    district.bring(drop, Register(), max_rejects=4)

    assert district.rows("SELECT DISTINCT import_id FROM intake_rejects") == [(import_id + 1,)]


@given(cell=st.text(max_size=6) | st.text("'=+-@\t\r", max_size=4))
def test_a_guard_is_always_taken_away_again(cell: str) -> None:
    assert unguarded(guarded(cell)) == cell
    assert not guarded(cell).startswith(tuple(DANGEROUS))


def test_a_cause_reads_as_a_sentence() -> None:
    assert (
        str(Cause("a.csv", "lunch", "lunch 'X' is unknown", 1052, 3))
        == "1,052 rows of a.csv: lunch 'X' is unknown"
    )

"""A CSV file on its way through the pipeline: dry run, diff, guard, rejects and their retry, undo."""

from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.orm import Session

from exchange.csvs import ATTENDANCE, ENROLLED, MARKS, STUDENTS, Place, counts, csv_text, example, reasons
from rollbook.core.database import engine_for
from rollbook.core.errors import Invalid
from rollbook.core.tenancy import Visibility, find_tenant, look_through, transaction
from rollbook.exchange.csv_files.errors import (
    SchoolUnknown,
)
from rollbook.exchange.csv_files.kinds import KINDS
from rollbook.exchange.csv_files.mapping import CsvMap
from rollbook.exchange.csv_files.submissions import Submission, SubmittedInFuture
from rollbook.intake.dates import parse_date_format
from rollbook.intake.fixup import export_rejects
from rollbook.intake.format import rebuild_format
from rollbook.intake.models import Import
from rollbook.intake.pipeline import Request, run_import
from rollbook.intake.refusals import DropShrinks, TooManyRejects
from rollbook.intake.undo import undo


def test_a_dry_run_says_what_would_change_and_writes_nothing(school: Place) -> None:
    school.bring("attendance", MARKS)
    changed = MARKS.replace("absent", "excused") + "3,2025-09-01,present\n"

    told = school.bring("attendance", changed, is_dry_run=True)

    assert counts(told) == {"attendance_records": (1, 1, 2)}
    assert told.tables[0].columns == {"status": 1}
    assert len(school.rows(ATTENDANCE)) == 3
    assert school.rows("SELECT count(*) FROM attendance_records_history") == [(0,)]


def test_a_delta_leaves_what_it_does_not_name(school: Place) -> None:
    school.bring("attendance", MARKS)

    school.bring("attendance", "student_number,date,status\n1,2025-09-01,absent\n")

    assert [row[3] for row in school.rows(ATTENDANCE)] == ["absent", "absent", "tardy"]


def test_columns_that_the_file_lacks_stay_as_they_are(school: Place) -> None:
    school.bring("students", "student_number,email\n1,ada@oak.example\n")

    assert school.rows("SELECT last_name, email FROM students WHERE student_number = '1'") == [
        ("Byron", "ada@oak.example")
    ]


def test_an_empty_value_takes_away_what_was_there(school: Place) -> None:
    school.bring("students", "student_number,last_name\n1,\n")

    assert school.rows("SELECT last_name FROM students WHERE student_number = '1'") == [(None,)]


def test_each_fault_of_a_line_is_named_and_good_lines_go_on(school: Place) -> None:
    rows = (
        "student_number,date,period,status,minutes_late\n"
        "1,2025-09-01,0,present,0\n"
        "9,2025-09-01,0,present,0\n"  # nobody
        "1,2025-02-29,21,here,-1\n"  # everything
        "1,2025-09-03,0,absent,5\n"  # late and absent
        "1,2025-09-01,0,absent,0\n"  # twice
    )

    done = school.bring("attendance", rows, max_rejects=4)

    assert reasons(done) == [
        (4, "date", "is not a date written YYYY-MM-DD"),
        (4, "period", "is not a whole number from 0 to 20"),
        (4, "status", "is not one of present, absent, tardy, excused"),
        (4, "minutes_late", "is not a whole number from 0 to 600"),
        (3, "student_number", "has no match in students"),
        (5, "status, minutes_late", "says how late somebody was who is not tardy"),
        (6, "student_number, date, period", "repeats line 2"),
    ]
    assert school.rows(ATTENDANCE) == [("1", "2025-09-01", 0, "present", 0)]


def test_too_many_rejects_write_nothing_but_the_quarantine(school: Place) -> None:
    with pytest.raises(TooManyRejects, match=r"line 5, column student_number: has no match in students"):
        school.bring("attendance", MARKS + "9,2025-09-01,present\n")

    assert school.rows(ATTENDANCE) == []
    assert school.rows("SELECT line, fields ->> 'student_number' FROM intake_rejects") == [(5, "9")]


def test_rejects_are_fixed_and_retried_with_the_map_they_came_with(school: Place, tmp_path: Path) -> None:
    csv_map = CsvMap(delimiter=";", encoding="cp1252", date_format=parse_date_format("DD.MM.YYYY"))
    csv_map = csv_map.with_pairs(["student_number=Schüler", "status=Marke", "period:=0"])
    csv_map = csv_map.with_words(["status:A=absent,P=present"])
    rows = "Schüler;date;Marke\n1;01.09.2025;A\n99;02.09.2025;P\n".encode("cp1252")
    done = school.bring("attendance", rows, csv_map, max_rejects=1)
    engine = engine_for(school.url, statement_timeout_s=0)
    with Session(engine) as db:
        tenant_id = find_tenant(db, school.slug).tenant_id
    fixed = tmp_path / "fixed.csv"
    with transaction(engine, Visibility(tenant_id)) as db:
        receipt = db.get_one(Import, (tenant_id, done.import_id))
        export_rejects(db, receipt, fixed)
        form = rebuild_format(receipt.format_key, receipt.options)
    fixed.write_text(fixed.read_text(encoding="utf-8").replace(",99,", ",2,"), encoding="utf-8")
    request = Request(
        tenant=school.slug, source="csv", who="ada", retry_of=done.import_id, file_name="attendance.csv"
    )

    run_import(school.url, fixed, form, request)

    assert school.rows(ATTENDANCE) == [
        ("1", "2025-09-01", 0, "absent", 0),
        ("2", "2025-09-02", 0, "present", 0),
    ]
    assert school.rows("SELECT count(*) FROM intake_rejects") == [(0,)]


def test_undo_takes_back_what_a_file_brought(school: Place) -> None:
    school.bring("attendance", MARKS)
    before = school.rows(ATTENDANCE)
    done = school.bring("attendance", MARKS.replace("absent", "excused") + "3,2025-09-01,present\n")
    engine = engine_for(school.url, statement_timeout_s=0)

    with Session(engine) as db, db.begin():
        tenant = find_tenant(db, school.slug)
        look_through(db, Visibility(tenant.tenant_id))
        assert done.import_id
        undo(db, tenant, done.import_id, who="ada")

    assert school.rows(ATTENDANCE) == before


def test_a_complete_file_closes_who_left_if_they_are_few(school: Place) -> None:
    more = ENROLLED + "".join(f"{n},OAK,2026,2025-09-01\n" for n in range(5, 60))
    school.bring("students", STUDENTS + "".join(f"{n},X\n" for n in range(5, 60)))
    school.bring("enrollments", more)
    without = more.replace("3,OAK,2026,2025-09-01\n", "", 1)

    done = school.bring("enrollments", without, form={"is_complete": True})

    assert done.counts["student_school_enrollments"].closed == 1
    assert school.rows(
        "SELECT student_number, exit_on = current_date FROM student_school_enrollments"
        " JOIN students USING (tenant_id, student_id) WHERE exit_on IS NOT NULL"
    ) == [("3", True)]


def test_a_complete_file_that_lacks_most_is_refused(school: Place) -> None:
    with pytest.raises(DropShrinks, match=r"3 of 4 rows.*--accept-shrink student_school_enrollments"):
        school.bring("enrollments", ENROLLED[: ENROLLED.index("2,OAK")], form={"is_complete": True})

    assert school.rows("SELECT count(*) FROM student_school_enrollments WHERE exit_on IS NULL") == [(4,)]


def test_a_complete_file_speaks_of_its_scope_alone(school: Place) -> None:
    school.bring("attendance", MARKS)

    done = school.bring(
        "attendance", "student_number,date,status\n1,2025-09-01,present\n", form={"is_complete": True}
    )

    assert done.counts["attendance_records"].deleted == 1, "of September 1, and nothing of September 2"
    assert school.rows(ATTENDANCE) == [
        ("1", "2025-09-01", 0, "present", 0),
        ("1", "2025-09-02", 0, "absent", 0),
    ]


def test_attendance_by_exception_says_how_far_it_goes(school: Place) -> None:
    through = Submission("OAK", is_by_exception=True, through=date(2025, 9, 30))

    school.bring("attendance", MARKS, form={"submission": through})

    query = "SELECT school_code, is_by_exception, submitted_through::text FROM attendance_submissions"
    assert school.rows(f"{query} JOIN schools USING (tenant_id, school_id)") == [("OAK", True, "2025-09-30")]


@pytest.mark.parametrize(
    ("submission", "error"),
    [
        (Submission("OKA", through=date(2025, 9, 30)), SchoolUnknown),
        (Submission("OAK", through=date(2199, 9, 30)), SubmittedInFuture),
    ],
)
def test_a_submission_must_be_possible(school: Place, submission: Submission, error: type[Invalid]) -> None:
    with pytest.raises(error, match=r"Is it 'OAK'|has not come yet"):
        school.bring("attendance", MARKS, form={"submission": submission})


def test_a_complete_file_of_one_school_leaves_the_others_alone(school: Place) -> None:
    school.bring("students", "student_number,last_name\n7,Elmer\n")
    school.bring("enrollments", "student_number,school_code,school_year,entry_on\n7,ELM,2026,2025-09-01\n")
    school.bring("attendance", MARKS + "7,2025-09-01,absent\n")

    school.bring(
        "attendance",
        "student_number,date,status\n1,2025-09-01,present\n",
        form={"is_complete": True, "submission": Submission("OAK")},
    )

    assert [row[:2] for row in school.rows(ATTENDANCE)] == [
        ("1", "2025-09-01"),
        ("1", "2025-09-02"),
        ("7", "2025-09-01"),
    ]


MARK = st.tuples(
    st.sampled_from("1234"),
    st.dates(date(2025, 9, 1), date(2025, 10, 15)),
    st.sampled_from(["present", "absent", "excused"]),
)
Mark = tuple[str, date, str]
DROPS = st.lists(MARK, max_size=12, unique_by=lambda mark: mark[:2])


@settings(max_examples=15)
@given(first=DROPS, second=DROPS)
def test_the_diff_says_what_comparing_by_hand_says(
    school: Place, first: list[Mark], second: list[Mark]
) -> None:
    with Session(engine_for(school.url, statement_timeout_s=0)) as db:
        look_through(db, Visibility(find_tenant(db, school.slug).tenant_id))
        db.execute(text("DELETE FROM attendance_records"))
        db.commit()
    header = "student_number,date,status\n"
    before, after = ({mark[:2]: mark[2] for mark in drop} for drop in (first, second))
    school.bring("attendance", header + "".join(f"{s},{d},{w}\n" for s, d, w in first))

    told = school.bring("attendance", header + "".join(f"{s},{d},{w}\n" for s, d, w in second))

    new = len(after.keys() - before.keys())
    changed = sum(1 for key in after.keys() & before.keys() if after[key] != before[key])
    assert counts(told) == {"attendance_records": (new, changed, len(after) - new - changed)}
    kept = {(row[0], date.fromisoformat(row[1])): row[3] for row in school.rows(ATTENDANCE)}
    assert kept == before | after


def test_examples_are_fine_for_a_dry_run_of_a_district(csv_place: Place) -> None:
    csv_place.bring_examples(until="attendance")

    told = csv_place.bring("attendance", csv_text(example(KINDS["attendance"])), is_dry_run=True)

    assert counts(told) == {"attendance_records": (1, 0, 0)}

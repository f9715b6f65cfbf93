"""A CSV file on its way through the pipeline: dry run, diff, guard, rejects and their retry, undo."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.orm import Session

from exchange.csvs import Place, csv_text, example
from rollbook.core.database import engine_for
from rollbook.core.errors import Invalid
from rollbook.core.tenancy import Visibility, find_tenant, look_through, transaction
from rollbook.exchange.csv_files.errors import (
    ConstantInvalid,
    DatesUnclear,
    FieldMissing,
    OneFileNeeded,
    SchoolUnknown,
)
from rollbook.exchange.csv_files.kinds import KINDS
from rollbook.exchange.csv_files.mapping import CsvMap, choose_known_at
from rollbook.exchange.csv_files.submissions import Submission, SubmittedInFuture
from rollbook.intake.dates import parse_date_format
from rollbook.intake.fixup import export_rejects
from rollbook.intake.format import rebuild_format
from rollbook.intake.models import Import
from rollbook.intake.outcome import Outcome
from rollbook.intake.pipeline import Request, run_import
from rollbook.intake.refusals import DropShrinks, TooManyRejects
from rollbook.intake.undo import undo
from rollbook.testing.databases import Database

STUDENTS = "student_number,last_name\n1,Byron\n2,Hopper\n3,Noether\n4,Curie\n"
SCHOOLS = "school_code,name,school_type\nOAK,Oak,high\nELM,Elm,middle\n"
ENROLLED = "student_number,school_code,school_year,entry_on\n" + "".join(
    f"{number},OAK,2026,2025-09-01\n" for number in (1, 2, 3, 4)
)
MARKS = "student_number,date,status\n1,2025-09-01,present\n1,2025-09-02,absent\n2,2025-09-01,tardy\n"
ATTENDANCE = "SELECT student_number, date::text, period, status, minutes_late FROM attendance_records"
ATTENDANCE += " JOIN students USING (tenant_id, student_id) ORDER BY 1, 2, 3"


@pytest.fixture
def place(fresh_database: Database, tmp_path: Path) -> Iterator[Place]:
    yield Place(fresh_database.url, tmp_path)
    engine_for(fresh_database.url, statement_timeout_s=0).dispose()


@pytest.fixture
def school(place: Place) -> Place:
    """Lend a tenant with a school of four students."""
    place.bring("schools", SCHOOLS)
    place.bring("students", STUDENTS)
    place.bring("enrollments", ENROLLED)
    return place


def counts(outcome: Outcome) -> dict[str, tuple[int, int, int]]:
    return {table.table: (table.new, table.changed, table.unchanged) for table in outcome.tables}


def reasons(outcome: Outcome) -> list[tuple[int, str | None, str]]:
    return [(reject.line, reject.column, reject.reason) for reject in outcome.rejects]


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


def test_what_was_known_when_comes_from_the_file(school: Place) -> None:
    rows = "student_number,date,status,Entered\n1,2025-09-01,absent,2025-09-03T10:00:00+02:00\n"
    rows += "1,2025-09-02,absent,2025-09-04\n1,2025-09-03,absent,2199-01-01\n"

    school.bring("attendance", rows, choose_known_at(CsvMap(), "Entered"))

    known = [row[0] for row in school.rows("SELECT known_at FROM attendance_records ORDER BY date")]
    assert known[:2] == [datetime(2025, 9, 3, 8, tzinfo=UTC), datetime(2025, 9, 4, 23, 59, 59, tzinfo=UTC)]
    assert known[2] <= datetime.now(UTC), "nothing is known before it can be"


def test_known_at_may_be_one_instant_for_all(school: Place) -> None:
    school.bring("attendance", MARKS, choose_known_at(CsvMap(), "2025-09-30T12:00:00Z"))

    assert school.rows("SELECT DISTINCT known_at FROM attendance_records") == [
        (datetime(2025, 9, 30, 12, tzinfo=UTC),)
    ]


DATED = "student_number,date,status\n1,{},absent\n1,{},absent\n"


def test_dates_that_can_be_read_in_two_ways_are_refused_with_both(school: Place) -> None:
    with pytest.raises(DatesUnclear, match=r"--date-format MM/DD/YYYY or --date-format DD/MM/YYYY"):
        school.bring("attendance", DATED.format("09/01/2025", "9/2/2025"), is_lenient=True)


def test_dates_that_can_be_read_in_one_way_are_accepted_with_leniency_alone(school: Place) -> None:
    rows = DATED.format("09/01/2025", "09/30/2025")
    with pytest.raises(DatesUnclear, match=r"if that is how they are meant, say --date-format MM/DD/YYYY"):
        school.bring("attendance", rows)

    done = school.bring("attendance", rows, is_lenient=True)

    assert "writes dates as MM/DD/YYYY" in str(done.liberties[0])
    assert [row[1] for row in school.rows(ATTENDANCE)] == ["2025-09-01", "2025-09-30"]


@pytest.mark.parametrize(
    ("pattern", "first", "second"),
    [
        ("MM/DD/YYYY", "9/1/2025", "12/31/2025"),
        ("DD.MM.YYYY", "01.09.2025", "31.12.2025"),
        ("YYYYMMDD", "20250901", "20251231"),
        ("YYYY/MM/DD", "2025/09/01", "2025/12/31"),
    ],
)
def test_dates_are_read_as_they_are_said_to_be(school: Place, pattern: str, first: str, second: str) -> None:
    school.bring("attendance", DATED.format(first, second), CsvMap(date_format=parse_date_format(pattern)))

    assert [row[1] for row in school.rows(ATTENDANCE)] == ["2025-09-01", "2025-12-31"]


def test_an_enrollment_must_not_overlap_one_that_is_there(school: Place) -> None:
    rows = "student_number,school_code,school_year,entry_on\n1,ELM,2026,2025-10-01\n"
    with pytest.raises(TooManyRejects, match=r"overlaps a primary enrollment of the student that is there"):
        school.bring("enrollments", rows)

    moved = "student_number,school_code,school_year,entry_on,exit_on\n"
    moved += "1,OAK,2026,2025-09-01,2025-10-01\n1,ELM,2026,2025-10-01,\n"

    assert counts(school.bring("enrollments", moved)) == {"student_school_enrollments": (1, 1, 0)}


def test_work_may_come_with_its_marks_or_be_there_already(school: Place) -> None:
    school.bring("courses", "course_code,title\nALG1,Algebra\n")
    section = "course_code,section_code,starts_on,ends_on\nALG1,1,2025-09-01,2026-06-01\n"
    school.bring("sections", section)
    head = "student_number,course_code,section_code,assignment_code,grade_value"
    with pytest.raises(TooManyRejects, match=r"has no match in assignments"):
        school.bring("grades", f"{head}\n1,ALG1,1,HW1,5\n")

    rows = f"{head},assignment_type,max_value\n1,ALG1,1,HW1,5,homework,10\n2,ALG1,1,HW1,6,homework,10\n"
    both = school.bring("grades", rows)
    later = school.bring("grades", f"{head}\n3,ALG1,1,HW1,7\n")

    assert counts(both) == {"assignments": (1, 0, 0), "grades": (2, 0, 0)}
    assert counts(later) == {"grades": (1, 0, 0)}


def test_lines_about_one_row_must_agree(school: Place) -> None:
    rows = "guardian_number,first_name,last_name,student_number,relation\n"
    rows += "G1,Anne,Byron,1,mother\nG1,Anna,Byron,2,mother\n"

    with pytest.raises(TooManyRejects, match=r"differs from line 2, which is about the same row"):
        school.bring("guardians", rows)


def test_a_part_of_what_was_rejected_is_rejected_too(place: Place) -> None:
    head = "session_code,title,session_type,starts_on,ends_on,school_year,parent_session_code\n"
    year = "Y,Year,schoolYear,2025-08-01,2025-07-01,2026,\n"  # ends before it starts
    term = "T,Term,term,2025-08-01,2025-12-01,2026,Y\nG,Period,gradingPeriod,2025-08-01,2025-10-01,2026,T\n"

    done = place.bring("sessions", head + year + term, max_rejects=3)

    assert [reject.reason for reject in done.rejects] == [
        "is before the starts_on",
        "refers to a rejected row",
        "refers to a rejected row",
    ]
    assert place.rows("SELECT count(*) FROM academic_sessions") == [(0,)]


def test_an_action_needs_a_student(school: Place) -> None:
    rows = "incident_number,incident_on,incident_type,severity_level,student_number,participant_role,"
    rows += "action_type\nI1,2025-10-01,fight,3,1,perpetrator,\nI1,2025-10-01,fight,3,,,suspension\n"

    with pytest.raises(TooManyRejects, match=r"line 3, column student_number: has no match in students"):
        school.bring("incidents", rows)


def test_a_value_for_every_line_must_have_the_form(school: Place) -> None:
    with pytest.raises(ConstantInvalid, match=r"--map period:=99 does not go: it is not a whole number"):
        school.bring("attendance", MARKS, CsvMap().with_pairs(["period:=99"]))


def test_a_part_that_is_begun_needs_its_columns(school: Place) -> None:
    with pytest.raises(FieldMissing, match=r"no column is the relation, which guardians need"):
        school.bring(
            "guardians",
            "guardian_number,first_name,last_name,student_number\nG1,Anne,Byron,1\n",
        )


def test_a_folder_is_no_file(school: Place, tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "a.csv").write_text("x\n")

    with pytest.raises(OneFileNeeded, match=r"takes one"):
        school.bring("attendance", folder)


def test_two_tenants_do_not_see_each_others_students(school: Place) -> None:
    other = Place(school.url, school.folder, "elm-valley")

    with pytest.raises(TooManyRejects, match=r"has no match in students"):
        other.bring("attendance", MARKS)


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


def test_examples_are_fine_for_a_dry_run_of_a_district(place: Place) -> None:
    place.bring_examples(until="attendance")

    told = place.bring("attendance", csv_text(example(KINDS["attendance"])), is_dry_run=True)

    assert counts(told) == {"attendance_records": (1, 0, 0)}

"""What a kind of file asks of its lines beside the form of each value; when it was known; dates."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from exchange.csvs import ATTENDANCE, MARKS, Place, counts, csv_text, example
from rollbook.exchange.csv_files.errors import (
    ConstantInvalid,
    DatesUnclear,
    FieldMissing,
    OneFileNeeded,
)
from rollbook.exchange.csv_files.kinds import KINDS
from rollbook.exchange.csv_files.mapping import CsvMap, choose_known_at
from rollbook.intake.dates import parse_date_format
from rollbook.intake.months import TooManyMonths
from rollbook.intake.refusals import TooManyRejects


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


def test_a_part_of_what_was_rejected_is_rejected_too(csv_place: Place) -> None:
    head = "session_code,title,session_type,starts_on,ends_on,school_year,parent_session_code\n"
    year = "Y,Year,schoolYear,2025-08-01,2025-07-01,2026,\n"  # ends before it starts
    term = "T,Term,term,2025-08-01,2025-12-01,2026,Y\nG,Period,gradingPeriod,2025-08-01,2025-10-01,2026,T\n"

    done = csv_place.bring("sessions", head + year + term, max_rejects=3)

    assert [reject.reason for reject in done.rejects] == [
        "is before the starts_on",
        "refers to a rejected row",
        "refers to a rejected row",
    ]
    assert csv_place.rows("SELECT count(*) FROM academic_sessions") == [(0,)]


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


@pytest.mark.parametrize(
    ("kind", "day"),
    [
        ("attendance", "date"),
        ("incidents", "incident_on"),
        ("performances", "performed_on"),
        ("fitness-results", "tested_on"),
        ("routine-metrics", "performed_on"),
        ("events", "event_on"),
    ],
)
def test_what_happened_is_not_ahead(csv_place: Place, kind: str, day: str) -> None:
    rows = csv_text(example(KINDS[kind]) | {day: "2162-01-30"})
    csv_place.bring_examples(until=kind)

    with pytest.raises(TooManyRejects, match=f"column {day}: has not come yet"):
        csv_place.bring(kind, rows)


def test_months_are_made_where_marks_are_and_a_drop_of_hundreds_is_refused(school: Place) -> None:
    months = "SELECT relname FROM pg_class WHERE relname ~ '^attendance_records_19[0-9]{2}_[0-9]{2}$'"
    two = "student_number,date,status\n1,1901-01-30,absent\n1,2025-09-01,absent\n1,1904-02-29,absent\n"
    school.bring("attendance", two)
    assert school.rows(months + " ORDER BY relname") == [
        ("attendance_records_1901_01",),
        ("attendance_records_1904_02",),
    ]
    assert len(school.rows(ATTENDANCE)) == 3
    many = "student_number,date,status\n" + "".join(
        f"1,{1910 + n // 12}-{1 + n % 12:02}-01,absent\n" for n in range(241)
    )

    with pytest.raises(TooManyMonths, match=r"of 241 months between 1910-01-01 and 1930-01-01"):
        school.bring("attendance", many)

    assert len(school.rows(months)) == 2, "nothing was made"

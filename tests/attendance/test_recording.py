"""Marks and school days written by hand: what they change, what they refuse, what is remembered."""

from collections.abc import Sequence
from datetime import date
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from rollbook.attendance import recording
from rollbook.attendance.models import AttendanceStatus
from rollbook.attendance.recording import NewMark
from rollbook.core.tenancy import Tenant
from rollbook.roster.models import School, Student
from rollbook.roster.service import StudentNotFound
from rollbook.testing import factories as make

TERM = make.school_days(make.TERM_STARTS, 10)
ABSENT, TARDY, PRESENT = AttendanceStatus.ABSENT, AttendanceStatus.TARDY, AttendanceStatus.PRESENT
Marks = list[tuple[int, str]]


@pytest.fixture
def oak(db: Session) -> School:
    school = make.create_school(db)
    make.create_calendar(db, school, TERM, holidays=[TERM[4]])
    recording.ensure_months(db, TERM[0], TERM[-1])
    return school


@pytest.fixture
def ada(db: Session, oak: School) -> Student:
    return make.create_student(db, school=oak)


def marks(db: Session, student: Student, table: str = "attendance_records") -> Marks:
    """Return the student's marks as (period, status)."""
    query = text(f"SELECT period, status FROM {table} WHERE student_id = :id ORDER BY 1, 2")
    return [tuple(row) for row in db.execute(query, {"id": student.student_id})]


def test_a_mark_is_written_corrected_and_its_versions_kept(db: Session, tenant: Tenant, ada: Student) -> None:
    def mark(status: AttendanceStatus, minutes_late: int = 0) -> bool:
        return recording.mark(
            db, tenant.tenant_id, TERM[0], NewMark(ada.student_id, status, minutes_late=minutes_late)
        )

    assert (mark(ABSENT), mark(ABSENT), mark(TARDY, 12)) == (True, False, True)
    assert marks(db, ada) == [(0, "tardy")]
    assert marks(db, ada, "attendance_records_history") == [(0, "absent")]


@pytest.mark.parametrize(
    "wrong",
    [
        {"period": 21},
        {"period": -1},
        {"minutes_late": 601, "status": TARDY},
        {"minutes_late": 5},
    ],
)
def test_a_mark_that_cannot_be_is_refused(
    db: Session, tenant: Tenant, ada: Student, wrong: dict[str, int]
) -> None:
    facts = {"student_id": ada.student_id, "status": ABSENT} | wrong

    with pytest.raises(recording.MarkInvalid):
        recording.mark(db, tenant.tenant_id, TERM[0], NewMark(**facts))  # type: ignore[arg-type]  # wrong on purpose


@pytest.mark.parametrize(
    ("day", "refusal"),
    [
        (date(2025, 8, 29), recording.NotEnrolled),
        (TERM[4], recording.NotInstructional),
        (date(2025, 9, 6), recording.NotInstructional),
        (date(2031, 1, 6), recording.MonthMissing),
    ],
    ids=["not enrolled", "holiday", "saturday within the calendar", "month"],
)
def test_a_day_without_school_is_refused(
    db: Session, tenant: Tenant, ada: Student, day: date, refusal: type[Exception]
) -> None:
    with pytest.raises(refusal):
        recording.mark(db, tenant.tenant_id, day, NewMark(ada.student_id, ABSENT))
    assert marks(db, ada) == []


def test_a_stranger_is_not_marked(db: Session, tenant: Tenant) -> None:
    with pytest.raises(StudentNotFound):
        recording.mark(db, tenant.tenant_id, TERM[0], NewMark(uuid4(), ABSENT))


def submit(db: Session, tenant: Tenant, school: School, day: date, *listed: NewMark) -> recording.Submitted:
    return recording.submit_day(db, tenant.tenant_id, school.school_id, day, listed)


def test_a_day_of_a_school_that_sends_every_mark_marks_everybody(
    db: Session, tenant: Tenant, oak: School, ada: Student
) -> None:
    ben = make.create_student(db, school=oak)

    done = submit(db, tenant, oak, TERM[0], NewMark(ada.student_id, ABSENT))

    assert (done.written, done.taken_back, done.submitted_through) == (2, 0, None)
    assert (marks(db, ada), marks(db, ben)) == ([(0, "absent")], [(0, "present")])


def test_a_day_of_exceptions_moves_what_is_complete(
    db: Session, tenant: Tenant, oak: School, ada: Student
) -> None:
    make.create_student(db, school=oak)
    recording.submit_through(db, tenant.tenant_id, oak.school_id, is_by_exception=True, through=None)

    first = submit(db, tenant, oak, TERM[0], NewMark(ada.student_id, ABSENT, period=2))
    second = submit(db, tenant, oak, TERM[1])
    again = submit(db, tenant, oak, TERM[0])

    assert (first.written, first.submitted_through) == (1, TERM[0])
    assert (second.written, second.submitted_through) == (0, TERM[1])
    assert (again.taken_back, again.submitted_through) == (1, TERM[1]), "an earlier day moves nothing back"
    assert marks(db, ada) == []
    assert marks(db, ada, "attendance_records_history") == [(2, "absent")], "what was believed is kept"


def test_the_newest_list_of_a_day_is_the_whole_truth_of_it(
    db: Session, tenant: Tenant, oak: School, ada: Student
) -> None:
    ben = make.create_student(db, school=oak)
    submit(db, tenant, oak, TERM[0], NewMark(ada.student_id, ABSENT))

    done = submit(db, tenant, oak, TERM[0], NewMark(ben.student_id, TARDY, minutes_late=4))
    same = submit(db, tenant, oak, TERM[0], NewMark(ben.student_id, TARDY, minutes_late=4))

    assert (marks(db, ada), marks(db, ben)) == ([(0, "present")], [(0, "tardy")])
    assert (done.written, done.taken_back) == (2, 1)
    assert (same.written, same.taken_back) == (0, 0)


def test_a_list_with_period_marks_leaves_no_whole_day_mark_beside_them(
    db: Session, tenant: Tenant, oak: School, ada: Student
) -> None:
    submit(db, tenant, oak, TERM[0])
    submit(db, tenant, oak, TERM[0], NewMark(ada.student_id, ABSENT, period=3))

    assert marks(db, ada) == [(3, "absent")]


def refused(  # noqa: PLR0913, PLR0917 -- what is submitted, and why it is refused
    db: Session, tenant: Tenant, school: School, day: date, listed: Sequence[NewMark], why: type[Exception]
) -> None:
    with pytest.raises(why), db.begin_nested():
        recording.submit_day(db, tenant.tenant_id, school.school_id, day, listed)


def test_a_list_that_cannot_be_is_refused_whole(
    db: Session, tenant: Tenant, oak: School, ada: Student
) -> None:
    absent = NewMark(ada.student_id, ABSENT)
    elsewhere = make.create_student(db, school=make.create_school(db))

    refused(db, tenant, oak, TERM[0], [absent, absent], recording.MarkedTwice)
    refused(db, tenant, oak, TERM[0], [NewMark(elsewhere.student_id, ABSENT)], recording.StrangersListed)
    refused(db, tenant, oak, TERM[0], [NewMark(ada.student_id, ABSENT, 0, 9)], recording.MarkInvalid)
    refused(db, tenant, oak, TERM[4], [absent], recording.NotInstructional)
    refused(db, tenant, oak, date(2031, 1, 6), [absent], recording.MonthMissing)
    assert marks(db, ada) == []


def test_a_day_left_out_would_count_as_present_and_is_asked_for(
    db: Session, tenant: Tenant, oak: School
) -> None:
    recording.submit_through(db, tenant.tenant_id, oak.school_id, is_by_exception=True, through=TERM[0])

    refused(db, tenant, oak, TERM[2], [], recording.DayLeftOut)

    assert submit(db, tenant, oak, TERM[1]).submitted_through == TERM[1]


def test_a_list_speaks_of_its_own_students_alone(
    db: Session, tenant: Tenant, oak: School, ada: Student
) -> None:
    """Not of another school's, nor of a guest, who is counted where their primary enrollment is."""
    elm = make.create_school(db)
    make.create_calendar(db, elm, TERM)
    guest, other = make.create_student(db, school=elm), make.create_student(db, school=elm)
    make.enroll_in_school(db, guest, oak, is_primary=False)
    submit(db, tenant, elm, TERM[0], NewMark(guest.student_id, ABSENT), NewMark(other.student_id, ABSENT))

    done = submit(db, tenant, oak, TERM[0])
    submit(db, tenant, oak, TERM[1])

    assert (done.written, done.taken_back) == (1, 0)
    assert marks(db, guest) == marks(db, other) == [(0, "absent")]
    assert marks(db, ada) == [(0, "present")] * 2

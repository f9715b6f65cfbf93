"""Which days count, and what of them was missed: the SQL agrees with counting by hand, at any instant."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.orm import Session

from rollbook.attendance.models import AttendanceRecord, AttendanceStatus
from rollbook.core.tenancy import Tenant, Visibility, look_through
from rollbook.curriculum.models import Section
from rollbook.roster.models import School, Student
from rollbook.testing import factories as make
from rollbook.testing.rows import add

FIRST = make.TERM_STARTS
TERM = make.school_days(FIRST, 15)
MISSED = ("absent", "excused")
Counted = dict[date, tuple[Decimal, bool]]


@dataclass(frozen=True)
class Given:
    """A mark, and the status that corrected it; both known so many days after the day."""

    day: int
    period: int
    status: str
    known: int
    later: str | None
    later_known: int

    def at(self, instant: int) -> str | None:
        """Return what was known of it."""
        known = TERM.index(TERM[self.day]) + self.known
        if known > instant:
            return None
        return self.later if self.later and known + self.later_known <= instant else self.status


STATUS = st.sampled_from([status.value for status in AttendanceStatus])
GIVEN = st.builds(
    Given,
    day=st.integers(0, 14),
    period=st.integers(0, 4),
    status=STATUS,
    known=st.integers(0, 3),
    later=st.one_of(st.none(), STATUS),
    later_known=st.integers(1, 4),
)
MARKS = st.lists(GIVEN, max_size=12, unique_by=lambda each: (each.day, each.period))
CASE = st.fixed_dictionaries(
    {
        "marks": MARKS,
        "holidays": st.sets(st.integers(0, 14), max_size=3),
        "entry": st.integers(0, 14),
        "exit": st.one_of(st.none(), st.integers(0, 14)),
        "through": st.one_of(st.none(), st.integers(0, 14)),
        "by_exception": st.booleans(),
        "periods": st.sampled_from([0, 2, 6]),
        "instant": st.integers(0, 20),
    }
)


def school_day(number: int) -> datetime:
    """Return noon of the school day with this number: the clock of these tests ticks in school days."""
    return make.known_on(make.school_days(FIRST, number + 1)[-1])


def counted(db: Session, student: Student, known_until: str = "infinity") -> Counted:
    found = db.execute(
        text(
            "SELECT date, missed, is_tardy FROM rollbook_attendance_days(:who, :since, :until, :known_until)"
        ),
        {"who": [student.student_id], "since": FIRST, "until": TERM[-1], "known_until": known_until},
    )
    return {row.date: (row.missed.normalize(), row.is_tardy) for row in found}


def by_hand(case: dict[str, object], instant: int) -> Counted:
    """Count the days of ``case`` as an attendance clerk would."""
    return dict(_by_hand(case, instant))


def _by_hand(case, instant: int) -> Iterator[tuple[date, tuple[Decimal, bool]]]:  # type: ignore[no-untyped-def]  # noqa: ANN001 -- of mixed types
    for number, day in enumerate(TERM):
        enrolled = case["entry"] <= number and (case["exit"] is None or number < case["exit"])
        said = {each.period: each.at(instant) for each in case["marks"] if each.day == number}
        marks = {period: status for period, status in said.items() if status}
        if enrolled and number in case["holidays"]:
            continue
        if enrolled and case["by_exception"] and (case["through"] is None or number > case["through"]):
            continue
        if not marks and not (enrolled and case["by_exception"]):
            continue
        yield (
            day,
            (_missed(marks, case, is_silent=enrolled and case["by_exception"]), "tardy" in marks.values()),
        )


def _missed(marks, case, *, is_silent: bool) -> Decimal:  # type: ignore[no-untyped-def]  # noqa: ANN001 -- of mixed types
    if not marks:
        return Decimal(0)
    if 0 in marks:
        return Decimal(marks[0] in MISSED).normalize()
    missed = sum(status in MISSED for status in marks.values())
    periods = max(len(marks), *marks, case["periods"]) if is_silent else len(marks)
    return (Decimal(missed) / periods).normalize()


def _write(db: Session, case) -> Student:  # type: ignore[no-untyped-def]  # noqa: ANN001 -- of mixed types
    school, student = make.create_school(db), make.create_student(db)
    if case["exit"] is None or case["exit"] > case["entry"]:
        until = None if case["exit"] is None else TERM[case["exit"]]
        enrollment = make.enroll_in_school(db, student, school, since=TERM[case["entry"]], until=until)
        make.correct(db, enrollment, known_at=make.known_on(FIRST))
    make.create_calendar(db, school, TERM, holidays={TERM[n] for n in case["holidays"]})
    if case["by_exception"]:
        through = None if case["through"] is None else TERM[case["through"]]
        make.send_exceptions(db, school, through, known_at=make.known_on(FIRST))
    if case["periods"]:
        _schedule(db, student, school, case["periods"])
    make.ensure_months(db, "attendance_records", FIRST, TERM[-1])
    for each in case["marks"]:
        _mark(db, student, each)
    return student


def _schedule(db: Session, student: Student, school: School, periods: int) -> Section:
    section = make.create_section(db, school=school)
    section.periods = [str(n) for n in range(1, periods + 1)]
    make.correct(db, section, known_at=make.known_on(FIRST))
    make.enroll_in_course(db, student, section)
    return section


def _mark(db: Session, student: Student, given: Given) -> None:
    mark = add(
        db,
        AttendanceRecord(
            student_id=student.student_id,
            date=TERM[given.day],
            period=given.period,
            status=AttendanceStatus(given.status),
            known_at=school_day(given.day + given.known),
        ),
    )
    if given.later and given.later != given.status:
        known_at = school_day(given.day + given.known + given.later_known)
        make.correct(db, mark, status=AttendanceStatus(given.later), known_at=known_at)


def _same(found: Counted, expected: Counted) -> bool:
    """Compare, thirds to as many digits as PostgreSQL keeps."""
    return found.keys() == expected.keys() and all(
        abs(found[day][0] - expected[day][0]) < Decimal("1e-12") and found[day][1] == expected[day][1]
        for day in found
    )


@settings(max_examples=60)
@given(case=CASE)
def test_days_are_counted_as_by_hand(db: Session, case: dict[str, object]) -> None:
    with db.begin_nested() as scratch:
        student = _write(db, case)
        now = counted(db, student)
        through_view = db.execute(
            text("SELECT date FROM attendance_days WHERE student_id = :id"), {"id": student.student_id}
        )
        viewed = set(through_view.scalars())
        scratch.rollback()

    assert _same(now, by_hand(case, 1000))
    assert viewed == now.keys(), "the view shows what is known now"


@settings(max_examples=60)
@given(case=CASE, instant=st.integers(0, 20))
def test_days_are_counted_with_what_was_known_then(
    db: Session, case: dict[str, object], instant: int
) -> None:
    with db.begin_nested() as scratch:
        student = _write(db, case)
        then = counted(db, student, (school_day(instant) + timedelta(seconds=1)).isoformat())
        scratch.rollback()

    assert _same(then, by_hand(case, instant))


def test_a_day_counts_once_for_who_changed_schools(db: Session) -> None:
    oak, elm = make.create_school(db), make.create_school(db)
    student = make.create_student(db)
    make.enroll_in_school(db, student, oak, until=TERM[5])
    make.enroll_in_school(db, student, elm, since=TERM[5])
    for school in (oak, elm):
        make.create_calendar(db, school, TERM)
        make.send_exceptions(db, school, TERM[9])

    assert sorted(counted(db, student)) == TERM[:10]


def test_a_transfer_that_is_half_known_counts_no_day_twice(db: Session) -> None:
    oak, elm = make.create_school(db), make.create_school(db)
    student = make.create_student(db)
    left = make.enroll_in_school(db, student, oak)
    make.correct(db, left, exit_on=TERM[5], known_at=make.known_on(TERM[12]))
    make.enroll_in_school(db, student, elm, since=TERM[5])
    for school in (oak, elm):
        make.create_calendar(db, school, TERM)
        make.send_exceptions(db, school, TERM[9])

    rows = db.execute(
        text("SELECT date FROM rollbook_attendance_days(NULL, :since, :until, :known_until)"),
        {"since": FIRST, "until": TERM[-1], "known_until": make.known_on(TERM[11])},
    )

    assert sorted(rows.scalars()) == TERM[:10]


def test_what_a_school_submitted_later_was_not_known_before(db: Session) -> None:
    school = make.create_school(db)
    student = make.create_student(db, school=school)
    make.create_calendar(db, school, TERM)
    sent = make.send_exceptions(db, school, TERM[3])
    make.correct(db, sent, submitted_through=TERM[9], known_at=make.known_on(TERM[9]))

    assert sorted(counted(db, student, make.known_on(TERM[8]).isoformat())) == TERM[:4]
    assert sorted(counted(db, student)) == TERM[:10]


def test_only_students_in_sight_have_days(db: Session, tenant: Tenant) -> None:
    school = make.create_school(db)
    ada, ben = (make.create_student(db, "PA", school=school) for _ in range(2))
    make.create_calendar(db, school, TERM)
    make.send_exceptions(db, school, TERM[9])
    everyone = text("SELECT DISTINCT student_id FROM attendance_days")
    both = set(db.execute(everyone).scalars())

    look_through(db, Visibility(tenant.tenant_id, [ada.student_id]))

    assert both == {ada.student_id, ben.student_id}
    assert set(db.execute(everyone).scalars()) == {ada.student_id}

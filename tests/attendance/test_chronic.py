"""Who is chronically absent: shares of the days that count, the tenant's rule, and who is in sight."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from rollbook.attendance import rules, service
from rollbook.core.tenancy import Tenant, Visibility, look_through
from rollbook.testing import factories as make

AS_OF = date(2025, 12, 1)
REGISTER = st.text("PTEU", min_size=1, max_size=30)


def numbers(found: service.ChronicAbsence) -> list[str]:
    return [student.student_number for student in found.students]


@settings(max_examples=40)
@given(
    registers=st.lists(REGISTER, max_size=6),
    percent=st.integers(1, 60),
    minimum_days=st.integers(1, 20),
)
def test_the_list_agrees_with_counting_letters(
    db: Session, tenant: Tenant, registers: list[str], percent: int, minimum_days: int
) -> None:
    rate = Decimal(percent) / 100
    with db.begin_nested() as scratch:
        rules.set_rule(db, tenant.tenant_id, chronic_rate=rate, minimum_days=minimum_days)
        oak = make.create_school(db)
        people = {make.create_student(db, each, school=oak).student_number: each for each in registers}
        found = service.chronic_absence(db, tenant, AS_OF)
        scratch.rollback()

    shares = {who: Decimal(sum(map(each.count, "EU"))) / len(each) for who, each in people.items()}
    expected = {who for who, each in people.items() if len(each) >= minimum_days and shares[who] >= rate}
    assert set(numbers(found)) == expected
    assert [student.rate for student in found.students] == sorted(
        (float(shares[who]) for who in expected), reverse=True
    )
    assert found.enrolled == len(registers)
    assert sum(group.chronic for group in found.groups) == len(expected)


def test_silence_of_a_school_that_sends_exceptions_lowers_the_rate(db: Session, tenant: Tenant) -> None:
    oak, term = make.create_school(db), make.school_days(make.TERM_STARTS, 20)
    student = make.create_student(db, "UU", school=oak)
    make.create_calendar(db, oak, term)
    sent = make.send_exceptions(db, oak, term[18])

    (ada,) = service.chronic_absence(db, tenant, AS_OF).students
    assert (ada.student_id, ada.days, ada.missed, ada.unexcused) == (student.student_id, 19, 2, 2)
    make.correct(db, sent, submitted_through=term[19])
    (ada,) = service.chronic_absence(db, tenant, AS_OF).students
    assert (ada.days, ada.rate) == (20, 0.1), "exactly a tenth is chronic"


def test_a_late_correction_takes_a_student_off_the_list(db: Session, tenant: Tenant) -> None:
    student = make.create_student(db, school=make.create_school(db))
    marks = make.record_attendance(db, student, "UPPPPPPPPP")
    assert len(service.chronic_absence(db, tenant, AS_OF).students) == 1

    make.correct(db, marks[0], status="present", known_at=make.known_on(AS_OF))

    assert service.chronic_absence(db, tenant, AS_OF).students == []


def test_a_student_stands_once_where_they_were_last(db: Session, tenant: Tenant) -> None:
    oak, elm = make.create_school(db, code="OAK"), make.create_school(db, code="ELM")
    student = make.create_student(db)
    make.enroll_in_school(db, student, oak, until=date(2025, 9, 15))
    make.enroll_in_school(db, student, elm, since=date(2025, 9, 15))
    make.record_attendance(db, student, "UUUUUPPPPP" * 2)

    (found,) = service.chronic_absence(db, tenant, AS_OF).students
    assert (found.school_code, found.days, found.missed) == ("ELM", 20, 10)
    assert numbers(service.chronic_absence(db, tenant, AS_OF, school="ELM")) == [student.student_number]
    assert service.chronic_absence(db, tenant, AS_OF, school="OAK").enrolled == 0


def test_a_guest_stands_at_the_school_that_counts(db: Session, tenant: Tenant) -> None:
    oak, elm = make.create_school(db, code="OAK"), make.create_school(db, code="ELM")
    student = make.create_student(db, "UUUUUPPPPP", school=oak)
    make.enroll_in_school(db, student, elm, since=date(2025, 9, 15), is_primary=False)

    (found,) = service.chronic_absence(db, tenant, AS_OF).students

    assert found.school_code == "OAK"
    assert service.chronic_absence(db, tenant, AS_OF, school="ELM").enrolled == 0


def test_days_of_another_school_year_or_outside_enrollment_do_not_count(db: Session, tenant: Tenant) -> None:
    student = make.create_student(db)
    make.enroll_in_school(db, student, make.create_school(db), since=date(2025, 9, 8))
    make.record_attendance(db, student, "UUUUU", since=date(2025, 3, 3))
    make.record_attendance(db, student, "UUUUUPPPPPPPPPPP", since=date(2025, 9, 1))

    found = service.chronic_absence(db, tenant, AS_OF)
    mine = service.attendance_of(db, tenant.tenant_id, student.student_id, found.since, AS_OF)

    assert (found.since, found.enrolled, found.students) == (date(2025, 7, 1), 1, [])
    assert (mine.days, mine.missed, mine.is_chronic) == (11, 0, False), "the student's own page agrees"


def test_the_student_and_the_list_go_by_one_rule(db: Session, tenant: Tenant) -> None:
    student = make.create_student(db, "UPPPPPPPPPPPPPP", school=make.create_school(db))
    key = (db, tenant.tenant_id, student.student_id, make.TERM_STARTS, AS_OF)
    assert not service.attendance_of(*key).is_chronic

    rules.set_rule(db, tenant.tenant_id, chronic_rate=Decimal("0.05"))

    assert service.attendance_of(*key).is_chronic
    assert len(service.chronic_absence(db, tenant, AS_OF).students) == 1
    rules.set_rule(db, tenant.tenant_id, minimum_days=16)
    assert not service.attendance_of(*key).is_chronic
    assert rules.rule_of(db, tenant.tenant_id) == rules.Rule(Decimal("0.050"), 16), (
        "one does not undo the other"
    )


@pytest.mark.parametrize(
    "said",
    [
        {"chronic_rate": Decimal(0)},
        {"chronic_rate": Decimal(1)},
        {"chronic_rate": Decimal("0.1234")},
        {"chronic_rate": Decimal("nan")},
        {"minimum_days": 0},
        {"minimum_days": 367},
    ],
)
def test_a_rule_that_cannot_be_is_refused(
    db: Session, tenant: Tenant, said: dict[str, Decimal | int]
) -> None:
    with pytest.raises(rules.RuleInvalid):
        rules.set_rule(db, tenant.tenant_id, **said)  # type: ignore[arg-type]  # one of the two


def test_only_students_in_sight_are_listed_and_counted(db: Session, tenant: Tenant) -> None:
    oak = make.create_school(db)
    ada, _ben = (make.create_student(db, "U" * 10, school=oak) for _ in range(2))

    look_through(db, Visibility(tenant.tenant_id, [ada.student_id]))

    found = service.chronic_absence(db, tenant, AS_OF)
    assert (numbers(found), found.enrolled) == ([ada.student_number], 1)
    assert sum(week.days for week in service.weekly_rates(db, make.TERM_STARTS, AS_OF)) == 10
    assert service.last_day(db, AS_OF) == date(2025, 9, 12)


def test_a_week_is_known_by_its_monday_and_a_grade_apart(db: Session) -> None:
    oak = make.create_school(db)
    for grade, register in ((9, "PPPPPUU"), (9, "PPPPPPP"), (10, "UPPPP")):
        make.create_student(db, register, school=oak, grade_level=grade)

    found = service.weekly_rates(db, make.TERM_STARTS, AS_OF)

    first, second = date(2025, 9, 1), date(2025, 9, 8)
    assert [(week.week, week.grade_level, week.days, week.missed) for week in found] == [
        (first, 9, 10, 0),
        (first, 10, 5, 1),
        (second, 9, 4, 2),
    ]
    assert found[2].attendance_rate == 0.5


@given(day=st.dates(date(1990, 1, 1), date(2100, 1, 1)))
def test_weeks_begin_on_monday_whenever(db: Session, day: date) -> None:
    with db.begin_nested() as scratch:
        student = make.create_student(db)
        make.ensure_months(db, "attendance_records", day, day + timedelta(days=7))
        make.record_attendance(db, student, "P", since=day)
        found = service.attendance_of(db, student.tenant_id, student.student_id, day, day + timedelta(days=7))
        scratch.rollback()

    (week,) = found.weeks
    school_day = make.school_days(day, 1)[0]
    assert week.week == school_day - timedelta(days=school_day.weekday())


def test_the_school_year_begins_with_its_session_or_on_the_first_of_july(db: Session) -> None:
    assert service.school_year_start(db, date(2025, 6, 30)) == date(2024, 7, 1)
    assert service.school_year_start(db, date(2025, 7, 1)) == date(2025, 7, 1)


def test_an_unknown_school_is_named(db: Session, tenant: Tenant) -> None:
    with pytest.raises(service.SchoolNotFound, match="'NONE'"):
        service.chronic_absence(db, tenant, AS_OF, school="NONE")

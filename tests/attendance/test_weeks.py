"""What is kept of attendance is never wrong, whatever changes and whenever it was refreshed."""

import random
import threading
from collections import Counter, defaultdict
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from rollbook.attendance import rules
from rollbook.attendance.chronic import chronic_absence
from rollbook.attendance.models import (
    AttendanceRecord,
    AttendanceStaleWeek,
    AttendanceStatus,
    AttendanceWeek,
)
from rollbook.attendance.refreshing import refresh_weeks
from rollbook.attendance.service import last_day, school_year_start, weekly_rates
from rollbook.core import clock
from rollbook.core.database import engine_for
from rollbook.core.tenancy import Tenant, Visibility, ensure_tenant, look_through, transaction
from rollbook.roster.models import Student, StudentSchoolEnrollment
from rollbook.roster.models_calendar import SessionType
from rollbook.testing import factories as make
from rollbook.testing.databases import Database
from rollbook.testing.rows import add

TERM = make.school_days(make.TERM_STARTS, 25)
SINCE, UNTIL = TERM[0] - timedelta(days=3), TERM[-1] + timedelta(days=2)
COUNTED = text("""
    SELECT
        days.student_id, days.date - (extract(ISODOW FROM days.date)::int - 1) AS week, days.grade_level,
        count(*) AS days, sum(days.missed) AS missed,
        count(*) FILTER (WHERE days.is_unexcused AND days.missed > 0)
    FROM rollbook_attendance_days(NULL, :since, :until, 'infinity') AS days
    WHERE days.school_id IS NOT NULL GROUP BY 1, 2, 3
""")
STATUSES = list(AttendanceStatus)


class World:
    """Two schools, some students, and what may happen to their attendance."""

    def __init__(self, db: Session, seed: int, today: list[date]) -> None:
        self.db, self.draw, self.today = db, random.Random(seed), today
        self.oak, self.elm = make.create_school(db), make.create_school(db)
        self.days = [day for school in (self.oak, self.elm) for day in make.create_calendar(db, school, TERM)]
        self.sent = make.send_exceptions(db, self.elm, TERM[4])
        self.students = [self.student() for _ in range(4)]
        make.ensure_months(db, "attendance_records", SINCE, UNTIL)

    def student(self) -> tuple[Student, Any]:
        student = make.create_student(self.db)
        school = self.draw.choice([self.oak, self.elm])
        return student, make.enroll_in_school(self.db, student, school, since=self.draw.choice(TERM[:5]))

    def mark(self) -> None:
        student, _ = self.draw.choice(self.students)
        key = {"student_id": student.student_id, "date": self.draw.choice(TERM)}
        key |= {"period": self.draw.choice([0, 0, 1, 3])}
        found = self.db.scalars(select(AttendanceRecord).filter_by(**key)).one_or_none()
        status = self.draw.choice(STATUSES)
        if found is None:
            add(self.db, AttendanceRecord(**key, status=status))
        else:
            make.correct(self.db, found, status=status)

    def take_back(self) -> None:
        marks = self.db.scalars(select(AttendanceRecord)).all()
        if marks:
            self.db.delete(self.draw.choice(marks))

    def enroll(self) -> None:
        self.students.append(self.student())

    def leave(self) -> None:
        _, enrollment = self.draw.choice(self.students)
        enrollment.exit_on = self.draw.choice([None, *TERM[8:]])

    def change_calendar(self) -> None:
        day = self.draw.choice(self.days)
        day.is_instructional = not day.is_instructional

    def submit(self) -> None:
        self.sent.submitted_through = self.draw.choice([None, *TERM])

    def send_otherwise(self) -> None:
        self.sent.is_by_exception = not self.sent.is_by_exception

    def schedule(self) -> None:
        section = make.create_section(self.db, school=self.elm)
        section.periods = [str(n) for n in range(self.draw.randrange(1, 8))]
        make.enroll_in_course(self.db, self.draw.choice(self.students)[0], section)

    def another_session(self) -> None:
        begin = self.draw.choice([TERM[0] - timedelta(days=30), TERM[2], TERM[7]])
        make.create_session(self.db, session_type=SessionType.SCHOOL_YEAR, starts_on=begin, ends_on=TERM[-1])

    def change_rule(self) -> None:
        rate = Decimal(self.draw.randrange(5, 60)) / 100
        rules.set_rule(self.db, self.oak.tenant_id, chronic_rate=rate, minimum_days=self.draw.randrange(1, 9))

    def time_passes(self) -> None:
        self.today[0] = self.draw.choice(TERM)

    def happen(self) -> None:
        changes = [self.mark] * 5 + [self.take_back, self.enroll, self.leave, self.change_calendar]
        changes += [self.submit, self.send_otherwise, self.schedule, self.another_session]
        changes += [self.change_rule, self.time_passes]
        self.draw.choice(changes)()
        self.db.flush()


def students_by_rows(db: Session, tenant: Tenant, as_of: date) -> dict[UUID, tuple[Any, ...]]:
    """Count from the rows what each student missed, and where they were last."""
    rule = rules.rule_of(db, tenant.tenant_id)
    days, missed, unexcused = Counter[UUID](), defaultdict[UUID, Decimal](Decimal), Counter[UUID]()
    for row in db.execute(COUNTED, {"since": school_year_start(db, as_of), "until": as_of}):
        days[row[0]] += row[3]
        missed[row[0]] += row[4]
        unexcused[row[0]] += row[5]
    query = select(StudentSchoolEnrollment).order_by(StudentSchoolEnrollment.entry_on)
    last = {each.student_id: each for each in db.scalars(query) if each.entry_on <= as_of}
    return {
        who: (
            last[who].school_id,
            last[who].grade_level,
            days[who],
            float(missed[who]),
            unexcused[who],
            rule.holds(missed[who], days[who]),
        )
        for who in days
    }


def check_chronic(db: Session, tenant: Tenant, as_of: date) -> None:
    """See that the list says what the rows do."""
    counted = students_by_rows(db, tenant, as_of)
    found = chronic_absence(db, tenant, as_of)
    assert {s.student_id: (s.days, s.missed, s.unexcused) for s in found.students} == {
        who: each[2:5] for who, each in counted.items() if each[5]
    }
    groups = Counter(each[:2] for each in counted.values())
    assert sorted(group.students for group in found.groups) == sorted(groups.values())
    assert found.enrolled == len(counted)
    assert found.chronic == sum(each[5] for each in counted.values())


def check_weeks(db: Session, since: date, until: date) -> None:
    """See that the weeks say what the rows do."""
    counted = defaultdict[Any, list[Decimal]](lambda: [Decimal(0), Decimal(0)])
    for row in db.execute(COUNTED, {"since": since, "until": until}):
        counted[row[1], row[2]][0] += row[3]
        counted[row[1], row[2]][1] += row[4]
    found = weekly_rates(db, since, until)
    assert {(w.week, w.grade_level): [w.days, w.missed] for w in found} == {
        key: [int(days), float(missed)] for key, (days, missed) in counted.items()
    }


@pytest.fixture
def today(monkeypatch: pytest.MonkeyPatch) -> list[date]:
    """Let the day be what a test says: it is the only element."""
    day = [UNTIL]
    monkeypatch.setattr(clock, "today_in", lambda _time_zone: day[0])
    return day


@pytest.mark.slow
@settings(max_examples=25)
@given(seed=st.integers(0, 10**6), steps=st.lists(st.booleans(), min_size=1, max_size=25))
def test_what_is_kept_equals_what_the_rows_say_whatever_changes(
    db: Session, tenant: Tenant, today: list[date], seed: int, steps: list[bool]
) -> None:
    with db.begin_nested() as scratch:
        today[0] = UNTIL
        world = World(db, seed, today)
        some = [student.student_id for student, _ in world.students[:2]]
        for is_refreshed in steps:
            world.happen()
            if is_refreshed:
                refresh_weeks(db, tenant)
            present = last_day(db, today[0])
            for as_of in {today[0], present, UNTIL, TERM[12]}:
                check_chronic(db, tenant, as_of)
            for window in ((SINCE, UNTIL), (TERM[2], TERM[11]), (TERM[0], present)):
                check_weeks(db, *window)
        look_through(db, Visibility(tenant.tenant_id, some))
        check_chronic(db, tenant, UNTIL)
        check_weeks(db, SINCE, UNTIL)
        scratch.rollback()


def test_a_refresh_keeps_weeks_and_a_late_correction_is_seen_before_the_next(
    db: Session, tenant: Tenant
) -> None:
    student = make.create_student(db, school=make.create_school(db))
    marks = make.record_attendance(db, student, "UPPPPPPPPP")
    assert refresh_weeks(db, tenant) == 2
    assert refresh_weeks(db, tenant) == 0
    assert db.scalar(select(func.count()).select_from(AttendanceWeek)) == 2
    assert len(chronic_absence(db, tenant, UNTIL).students) == 1

    make.correct(db, marks[0], status=AttendanceStatus.PRESENT)

    assert chronic_absence(db, tenant, UNTIL).students == []
    assert refresh_weeks(db, tenant) == 1, "only its week"
    assert chronic_absence(db, tenant, UNTIL).students == []


def test_who_sees_some_students_sees_their_weeks_only(db: Session, tenant: Tenant) -> None:
    oak = make.create_school(db)
    ada, _ben = (make.create_student(db, "U" * 10, school=oak) for _ in range(2))
    refresh_weeks(db, tenant)

    look_through(db, Visibility(tenant.tenant_id, [ada.student_id]))

    assert set(db.scalars(select(AttendanceWeek.student_id))) == {ada.student_id}
    assert chronic_absence(db, tenant, UNTIL).enrolled == 1
    assert sum(week.days for week in weekly_rates(db, SINCE, UNTIL)) == 10


@pytest.mark.parametrize("is_noted_first", [True, False])
def test_a_mark_that_is_not_committed_while_weeks_are_refreshed_stays_noted(
    fresh_database: Database, *, is_noted_first: bool
) -> None:
    engine = engine_for(fresh_database.url)
    with Session(engine) as db, db.begin():
        tenant = ensure_tenant(db, "oak-valley", name="Oak Valley")
        look_through(db, Visibility(tenant.tenant_id))
        student = make.create_student(db, "PPPP", school=make.create_school(db))
        see, student_id, tenant_id = Visibility(tenant.tenant_id), student.student_id, tenant.tenant_id
    begun, refreshed = threading.Event(), threading.Event()

    def write() -> None:
        with transaction(engine, see) as db:
            db.execute(
                text("UPDATE attendance_records SET status = 'absent' WHERE date = :day"), {"day": TERM[0]}
            )
            begun.set()
            refreshed.wait(timeout=30)

    writer = threading.Thread(target=write)
    if is_noted_first:
        writer.start()
        begun.wait(timeout=30)
    with transaction(engine, see) as db:
        refresh_weeks(db, db.get_one(Tenant, tenant_id))
        if not is_noted_first:
            writer.start()
            begun.wait(timeout=30)
    refreshed.set()
    writer.join()

    with transaction(engine, see) as db:
        check_chronic(db, db.get_one(Tenant, tenant_id), UNTIL)
        check_weeks(db, SINCE, UNTIL)
        assert [week.missed for week in weekly_rates(db, SINCE, UNTIL)] == [1]
        assert set(db.execute(select(AttendanceStaleWeek.since, AttendanceStaleWeek.student_id))) == {
            (TERM[0], student_id)
        }

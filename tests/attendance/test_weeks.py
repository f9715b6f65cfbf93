"""The weeks that are kept are never wrong, whatever changes and whenever they were refreshed."""

import random
import threading
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from rollbook.attendance.models import AttendanceRecord, AttendanceStaleWeek, AttendanceStatus, AttendanceWeek
from rollbook.attendance.service import chronic_absence, weekly_rates
from rollbook.attendance.weeks import refresh_weeks
from rollbook.core.database import engine_for
from rollbook.core.tenancy import Tenant, Visibility, ensure_tenant, look_through, transaction
from rollbook.roster.models import Student
from rollbook.testing import factories as make
from rollbook.testing.databases import Database
from rollbook.testing.rows import add

TERM = make.school_days(make.TERM_STARTS, 25)
SINCE, UNTIL = TERM[0] - timedelta(days=3), TERM[-1] + timedelta(days=2)
KEPT = text(
    "SELECT student_id, week, school_id, grade_level, days, missed, unexcused, tardy"
    " FROM rollbook_attendance_weeks(NULL, :since, :until)"
)
COUNTED = text("""
    SELECT
        student_id, date - (extract(ISODOW FROM date)::int - 1), school_id, max(grade_level), count(*),
        sum(missed), count(*) FILTER (WHERE is_unexcused AND missed > 0), count(*) FILTER (WHERE is_tardy)
    FROM rollbook_attendance_days(NULL, :since, :until, 'infinity')
    WHERE school_id IS NOT NULL GROUP BY 1, 2, 3
""")
STATUSES = list(AttendanceStatus)


class World:
    """Two schools, some students, and what may happen to their attendance."""

    def __init__(self, db: Session, seed: int) -> None:
        self.db, self.draw = db, random.Random(seed)
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

    def happen(self) -> None:
        changes = [self.mark] * 4 + [self.take_back, self.enroll, self.leave, self.change_calendar]
        changes += [self.submit, self.send_otherwise, self.schedule]
        self.draw.choice(changes)()
        self.db.flush()


def both(db: Session, since: date = SINCE, until: date = UNTIL) -> tuple[set[Any], set[Any]]:
    """Return the weeks as they are kept, and as they are counted."""
    window = {"since": since, "until": until}
    return set(map(tuple, db.execute(KEPT, window))), set(map(tuple, db.execute(COUNTED, window)))


@settings(max_examples=25)
@given(seed=st.integers(0, 10**6), steps=st.lists(st.booleans(), min_size=1, max_size=25))
def test_kept_weeks_equal_counted_ones_whatever_changes(
    db: Session, tenant: Tenant, seed: int, steps: list[bool]
) -> None:
    with db.begin_nested() as scratch:
        world = World(db, seed)
        for is_refreshed in steps:
            world.happen()
            if is_refreshed:
                refresh_weeks(db, tenant)
            kept, counted = both(db)
            assert kept == counted
        middle = both(db, TERM[2], TERM[11])
        scratch.rollback()

    assert middle[0] == middle[1], "weeks that are cut are counted"


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
        kept, counted = both(db)
        assert kept == counted
        assert {row[5] for row in kept if row[0] == student_id} == {1}
        assert set(db.scalars(select(AttendanceStaleWeek.since))) == {TERM[0]}

"""Features as of a day hang on nothing that was learned later: neither new facts nor corrections."""

import random
from collections.abc import Callable
from datetime import datetime, timedelta

import numpy as np
import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from risk.cast import DAY_56, STARTS, by_course, features_on
from rollbook.activity.models import AnalyticsEvent
from rollbook.attendance.models import AttendanceRecord, AttendanceStatus
from rollbook.core.tenancy import Tenant
from rollbook.curriculum.models import CourseEnrollment, CourseResult, Section
from rollbook.grades.models import Assignment, Grade
from rollbook.risk.catalogue import NAMES
from rollbook.roster.models import Student
from rollbook.testing import factories as make

Event = Callable[[], object]
WEEKS = range(1, 15)
TARGETS = pytest.mark.parametrize("target", ["course", "student"])


def history(db: Session, seed: int) -> list[tuple[int, Event]]:
    """Return what happens in a term as (day known, what writes it), in the order that it becomes known."""
    draw = random.Random(seed)
    school = make.create_school(db)
    sections = [make.create_section(db, course=make.create_course(db, code=f"C{n}")) for n in range(2)]
    works = [
        [make.create_assignment(db, section, due_on=STARTS + timedelta(weeks=week)) for week in WEEKS]
        for section in sections
    ]
    for table in ("attendance_records", "analytics_events"):
        make.ensure_months(db, table, STARTS, STARTS + timedelta(days=150))
    events: list[tuple[int, Event]] = []
    for number in range(8):
        student = make.create_student(db, number=f"S{number}", school=school, since=STARTS)
        for section, pieces in zip(sections, works, strict=True):
            enrollment = make.enroll_in_course(db, student, section)
            events += _grades(db, draw, student, pieces) + _clicks(db, draw, student, section)
            if draw.random() < 0.2:
                left = draw.randrange(20, 100)
                events.append((left, _withdraw(db, enrollment, student, section, left)))
        events += _attendance(db, draw, student) + _incidents(db, draw, student)
    return sorted(events, key=lambda event: event[0])


def _known(day: int) -> datetime:
    return make.known_on(STARTS + timedelta(days=day))


def _grades(
    db: Session, draw: random.Random, student: Student, pieces: list[Assignment]
) -> list[tuple[int, Event]]:
    events: list[tuple[int, Event]] = []
    for week, work in zip(WEEKS, pieces, strict=True):
        if draw.random() < 0.25:
            continue
        handed_in = week * 7 + draw.randrange(-3, 4)
        told, changed = handed_in + draw.randrange(4), handed_in + 5 + draw.randrange(30)
        mark, better = draw.randrange(101), draw.randrange(101)
        kept: list[Grade] = []

        def first(work=work, mark=mark, handed_in=handed_in, told=told, kept=kept) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001
            day = STARTS + timedelta(days=handed_in)
            kept.append(make.record_grade(db, student, work, mark, submitted_on=day, known_at=_known(told)))

        def then(better=better, changed=changed, kept=kept) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001
            make.correct(db, kept[0], grade_value=better, known_at=_known(changed))

        events.append((told, first))
        if draw.random() < 0.4:
            events.append((changed, then))
    return events


def _clicks(db: Session, draw: random.Random, student: Student, section: Section) -> list[tuple[int, Event]]:
    events: list[tuple[int, Event]] = []
    for day in range(110):
        if draw.random() < 0.3:
            clicks = draw.randrange(1, 40)

            def write(day=day, clicks=clicks) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001
                make.record_clicks(db, student, section, clicks, since=STARTS + timedelta(days=day))

            events.append((day, write))
    return events


def _attendance(db: Session, draw: random.Random, student: Student) -> list[tuple[int, Event]]:
    events: list[tuple[int, Event]] = []
    for day in range(110):
        letter = draw.choices("PTEU", (85, 5, 5, 5))[0]
        if (STARTS + timedelta(days=day)).isoweekday() > 5:
            continue
        kept: list[AttendanceRecord] = []

        def mark(day=day, letter=letter, kept=kept) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001
            kept.extend(make.record_attendance(db, student, letter, since=STARTS + timedelta(days=day)))

        def excuse(day=day, kept=kept) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001
            make.correct(
                db, kept[0], status=AttendanceStatus.EXCUSED, minutes_late=0, known_at=_known(day + 9)
            )

        events.append((day, mark))
        if draw.random() < 0.1:
            events.append((day + 9, excuse))
    return events


def _incidents(db: Session, draw: random.Random, student: Student) -> list[tuple[int, Event]]:
    events: list[tuple[int, Event]] = []
    for _ in range(draw.randrange(4)):
        day, late = draw.randrange(100), draw.randrange(15)

        def write(day=day, late=late) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001
            happened = STARTS + timedelta(days=day)
            make.create_incident(db, student, incident_on=happened, known_at=_known(day + late))

        events.append((day + late, write))
    return events


def _withdraw(
    db: Session, enrollment: CourseEnrollment, student: Student, section: Section, day: int
) -> Event:
    def write() -> None:
        left = STARTS + timedelta(days=day)
        make.correct(db, enrollment, withdrawn_on=left, known_at=_known(day))
        make.record_outcome(db, student, section, CourseResult.WITHDRAWN, known_at=_known(day))

    return write


@TARGETS
@pytest.mark.parametrize("seed", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_features_computed_live_equal_those_filled_in_later(
    db: Session, tenant: Tenant, seed: int, target: str
) -> None:
    by_course(db, tenant)
    tenant.risk_target = target
    events = history(db, seed)
    live = {}
    for week in (4, 8, 12):
        day = STARTS + timedelta(weeks=week)
        while events and events[0][0] <= week * 7:
            events.pop(0)[1]()
        live[day] = features_on(db, tenant, day).values
    for _, write in events:
        write()

    for day, values in live.items():
        assert values.tobytes() == features_on(db, tenant, day).values.tobytes()


@TARGETS
def test_what_is_learned_after_the_day_changes_nothing(db: Session, tenant: Tenant, target: str) -> None:
    by_course(db, tenant)
    tenant.risk_target = target
    for _, write in history(db, 3):
        write()
    before = features_on(db, tenant, DAY_56)

    known = {"instant": make.known_on(DAY_56 + timedelta(days=1)), "day": DAY_56 + timedelta(days=1)}
    for statement in (
        "UPDATE grades SET grade_value = 100 - grade_value WHERE known_at >= :instant",
        "UPDATE attendance_records SET status = 'absent', minutes_late = 0 WHERE known_at >= :instant",
        "UPDATE analytics_events SET event_count = event_count * 9 WHERE known_at >= :instant",
        "UPDATE discipline_incidents SET severity_level = 5 WHERE known_at >= :instant",
        "UPDATE assignments SET weight_percent = 99 WHERE due_on > :day",
    ):
        db.execute(text(statement), {k: v for k, v in known.items() if f":{k}" in statement})
    after = features_on(db, tenant, DAY_56)

    assert before.values.tobytes() == after.values.tobytes()
    assert "percent_mean" in before.known()


def test_what_is_learned_by_the_day_does_change_them(db: Session, tenant: Tenant) -> None:
    for _, write in history(db, 3):
        write()
    before = features_on(db, tenant, DAY_56).values

    db.execute(text("UPDATE grades SET grade_value = 0 WHERE submitted_on <= :day"), {"day": DAY_56})

    assert before.tobytes() != features_on(db, tenant, DAY_56).values.tobytes()


def test_a_section_whose_clicks_ended_is_unknown_not_idle(db: Session, tenant: Tenant) -> None:
    by_course(db, tenant)
    section = make.create_section(db)
    busy, idle = make.create_student(db, number="A"), make.create_student(db, number="B")
    for student in (busy, idle):
        make.enroll_in_course(db, student, section)
    make.record_clicks(db, busy, section, *[5] * 20)
    column = NAMES.index("active_days")

    assert features_on(db, tenant, STARTS + timedelta(days=21)).values[:, column].tolist() == [20, 0]
    assert np.isnan(features_on(db, tenant, DAY_56).values[:, column]).all()
    assert db.query(AnalyticsEvent).count() == 20

"""The school calendar: days, months, the session a day is in."""

from datetime import date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from rollbook.core.tenancy import Tenant
from rollbook.roster.calendar import (
    WindowReversed,
    calendar_days,
    calendar_months,
    instructional_days,
    school_year_on,
    session_on,
    sessions_of_year,
    sessions_on,
)
from rollbook.roster.models import School
from rollbook.roster.models_calendar import AcademicSession, SchoolCalendarDay, SessionType
from rollbook.testing import factories as make
from rollbook.testing.rows import add, add_all, correct, known_on

FIRST = date(2025, 9, 1)


def calendar(db: Session, school: School, days: str, since: date = FIRST) -> list[SchoolCalendarDay]:
    """Write a calendar: S a school day, H a holiday, a dot a day that it lacks."""
    return add_all(
        db,
        [
            SchoolCalendarDay(
                school_id=school.school_id,
                date=since + timedelta(days=n),
                is_instructional=letter == "S",
                term_code="T1",
                known_at=known_on(date(2025, 8, 1)),
            )
            for n, letter in enumerate(days)
            if letter != "."
        ],
    )


def session(
    db: Session, code: str, kind: SessionType, days: tuple[date, date], parent: AcademicSession | None = None
) -> AcademicSession:
    return add(
        db,
        AcademicSession(
            session_code=code,
            title=code,
            session_type=kind,
            starts_on=days[0],
            ends_on=days[1],
            school_year=2026,
            parent_session_id=parent.session_id if parent else None,
        ),
    )


def test_a_day_is_taught_that_the_calendar_says_is(db: Session, tenant: Tenant) -> None:
    oak = make.create_school(db)
    calendar(db, oak, "SSHS..S")
    calendar(db, make.create_school(db), "SSSSSSS")

    taught = instructional_days(db, tenant.tenant_id, oak.school_id, FIRST, date(2025, 9, 7))

    assert [day.day for day in taught] == [1, 2, 4, 7]
    assert len(calendar_days(db, tenant.tenant_id, oak.school_id, FIRST, date(2025, 9, 7))) == 5
    with pytest.raises(WindowReversed):
        instructional_days(db, tenant.tenant_id, oak.school_id, FIRST, date(2025, 8, 31))


def test_a_snow_day_is_known_from_when_it_was_called(db: Session, tenant: Tenant) -> None:
    oak = make.create_school(db)
    days = calendar(db, oak, "SSS")
    called = known_on(date(2025, 9, 2))
    correct(db, days[1], is_instructional=False, known_at=called)

    def taught(known_until: datetime | None) -> list[int]:
        window = (tenant.tenant_id, oak.school_id, FIRST, date(2025, 9, 3))
        return [day.day for day in instructional_days(db, *window, known_until=known_until)]

    assert taught(None) == [1, 3]
    assert taught(called) == [1, 2, 3]
    assert taught(called + timedelta(seconds=1)) == [1, 3]
    assert taught(known_on(date(2025, 7, 1))) == [], "before the calendar was made"


@settings(max_examples=40, deadline=None)
@given(days=st.text("SH.", max_size=45), since=st.integers(0, 50), length=st.integers(0, 50))
def test_sql_agrees_with_counting_letters(
    db: Session, tenant: Tenant, days: str, since: int, length: int
) -> None:
    with db.begin_nested() as scratch:
        oak = make.create_school(db)
        calendar(db, oak, days)
        window = (FIRST + timedelta(days=since), FIRST + timedelta(days=since + length))

        taught = instructional_days(db, tenant.tenant_id, oak.school_id, *window)
        months = calendar_months(db, tenant.tenant_id, oak.school_id, *window)

        letters = days[since : since + length + 1]
        expected = [FIRST + timedelta(days=since + n) for n, letter in enumerate(letters) if letter == "S"]
        assert taught == expected
        assert sum(month.instructional for month in months) == letters.count("S")
        assert sum(month.other for month in months) == letters.count("H")
        assert {month.month for month in months} >= {day.replace(day=1) for day in taught}
        scratch.rollback()


def test_a_day_is_in_the_sessions_that_hold_it(db: Session, tenant: Tenant) -> None:
    year = session(db, "2026", SessionType.SCHOOL_YEAR, (FIRST, date(2026, 6, 12)))
    fall = session(db, "2026-S1", SessionType.SEMESTER, (FIRST, date(2025, 12, 19)), year)
    session(db, "2026-Q1", SessionType.GRADING_PERIOD, (FIRST, date(2025, 10, 24)), fall)
    session(db, "2026-S2", SessionType.SEMESTER, (date(2026, 1, 5), date(2026, 6, 12)), year)

    def codes(day: date) -> list[str]:
        return [one.session_code for one in sessions_on(db, tenant.tenant_id, day)]

    assert codes(date(2025, 10, 24)) == ["2026", "2026-S1", "2026-Q1"]
    assert codes(date(2025, 10, 25)) == ["2026", "2026-S1"]
    assert codes(date(2026, 7, 1)) == []
    semester = session_on(db, tenant.tenant_id, date(2026, 2, 2), SessionType.SEMESTER)
    assert semester is not None
    assert semester.session_code == "2026-S2"
    assert session_on(db, tenant.tenant_id, date(2025, 12, 24), SessionType.SEMESTER) is None
    in_order = [one.session_code for one in sessions_of_year(db, tenant.tenant_id, 2026)]
    assert in_order == ["2026", "2026-S1", "2026-Q1", "2026-S2"]
    assert sessions_of_year(db, tenant.tenant_id, 2025) == []


@pytest.mark.parametrize(("day", "year"), [(date(2025, 6, 30), 2025), (date(2025, 7, 1), 2026)])
def test_without_sessions_a_school_year_begins_in_july(
    db: Session, tenant: Tenant, day: date, year: int
) -> None:
    assert school_year_on(db, tenant.tenant_id, day) == year
    session(db, "long", SessionType.SCHOOL_YEAR, (date(2025, 6, 1), date(2026, 6, 12)))
    assert school_year_on(db, tenant.tenant_id, day) == 2026

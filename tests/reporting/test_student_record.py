"""What a student's record counts."""

from datetime import date

import pytest
from sqlalchemy.orm import Session

from rollbook.core.tenancy import Tenant
from rollbook.reporting.student import student_record
from rollbook.roster.models import Student
from rollbook.testing import factories as make

LAST_YEAR, THIS_YEAR, TODAY = date(2025, 2, 3), date(2025, 9, 1), date(2025, 11, 25)


def two_years(db: Session) -> Student:
    """Make a student who missed most of last spring, and nothing since."""
    student = make.create_student(db)
    make.record_attendance(db, student, "UUUUUUUUPP", since=LAST_YEAR)
    make.record_attendance(db, student, "PPPPPPPPPPPP", since=THIS_YEAR)
    return student


def test_absence_is_counted_within_the_school_year_of_the_enrollment(db: Session, tenant: Tenant) -> None:
    student, (oak, elm) = two_years(db), (make.create_school(db), make.create_school(db))
    make.enroll_in_school(db, student, oak, since=date(2024, 9, 2), until=date(2025, 6, 13))
    make.enroll_in_school(db, student, oak, since=THIS_YEAR, until=date(2025, 10, 6))
    make.enroll_in_school(db, student, elm, since=date(2025, 10, 6))

    now = student_record(db, tenant, student.student_id, TODAY)
    then = student_record(db, tenant, student.student_id, date(2025, 3, 3))

    assert (now.attended_since, now.attendance.missed, now.attendance.days) == (THIS_YEAR, 0, 12)
    assert not now.attendance.is_chronic
    assert (then.attended_since, then.attendance.missed) == (date(2024, 9, 2), 8)


@pytest.mark.parametrize("enrolled_on", [None, date(2022, 9, 5)])
def test_without_an_enrollment_of_this_year_the_first_section_that_runs_begins_it(
    db: Session, tenant: Tenant, enrolled_on: date | None
) -> None:
    student = two_years(db)
    if enrolled_on:
        make.enroll_in_school(db, student, make.create_school(db), since=enrolled_on)
    before = make.create_section(db, starts_on=LAST_YEAR, ends_on=date(2025, 6, 13))
    for section in (before, make.create_section(db, starts_on=THIS_YEAR)):
        make.enroll_in_course(db, student, section)

    record = student_record(db, tenant, student.student_id, TODAY)

    assert (record.attended_since, record.attendance.missed) == (THIS_YEAR, 0)
    assert len(record.sections) == 2, "the rest of the record still reaches back a year"

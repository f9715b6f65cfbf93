"""One student enrolls, withdraws, transfers. What many students do comes by import."""

from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID

from psycopg.errors import ExclusionViolation, UniqueViolation
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from rollbook.core.by_hand import revise
from rollbook.core.errors import Conflict, Invalid, NotFound
from rollbook.roster.calendar import school_year_on
from rollbook.roster.models import School, Staff, Student, StudentSchoolEnrollment
from rollbook.roster.schools import SchoolNotFound
from rollbook.roster.service import StudentNotFound


class EnrollmentNotFound(NotFound):
    """There is no such enrollment, or its student is not one of those whom you may see."""


class NotEnrolled(NotFound):
    """The student has no open primary enrollment to leave. Enroll them instead."""


class CounselorNotFound(NotFound):
    """There is no such member of staff to be the counselor."""


class EnrollmentOverlaps(Conflict):
    """The student is enrolled elsewhere at that time: withdraw or transfer them. Nothing was changed."""


class EnrollmentExists(Conflict):
    """The student already has an enrollment at this school from that day on. Nothing was changed."""


class AlreadyWithdrawn(Conflict):
    """The student left this school on {exit_on}. Nothing was changed."""


class SameSchool(Conflict):
    """The student is at that school already. Nothing was changed."""


class ExitBeforeEntry(Invalid):
    """The student entered on {entry_on} and cannot leave on {exit_on}, before that."""


class GradeLevelInvalid(Invalid):
    """The grade level {grade_level} does not exist: give 0 (kindergarten) to 12."""


_GRADES: Final = range(13)


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a student is to be from a day on. What is not said follows from the student and the calendar."""

    school_id: UUID
    entry_on: date
    entry_code: str | None = None
    grade_level: int | None = None
    counselor_staff_id: UUID | None = None
    is_primary: bool = True


def enroll_student(
    db: Session, tenant_id: int, student_id: UUID, placement: Placement
) -> StudentSchoolEnrollment:
    """Enroll a student from a day on.

    Raises: ``StudentNotFound``; ``SchoolNotFound``; ``CounselorNotFound``; ``GradeLevelInvalid``;
            ``EnrollmentOverlaps``; ``EnrollmentExists``.
    """
    student = _student(db, tenant_id, student_id)
    _check(db, tenant_id, placement)
    grade_level = student.grade_level if placement.grade_level is None else placement.grade_level
    enrollment = StudentSchoolEnrollment(
        tenant_id=tenant_id,
        student_id=student_id,
        school_id=placement.school_id,
        school_year=school_year_on(db, tenant_id, placement.entry_on),
        grade_level=grade_level,
        entry_on=placement.entry_on,
        entry_code=placement.entry_code,
        counselor_staff_id=placement.counselor_staff_id,
        is_primary=placement.is_primary,
    )
    _write(db, enrollment)
    return enrollment


def withdraw_student(
    db: Session, tenant_id: int, enrollment_id: UUID, *, exit_on: date, exit_code: str | None = None
) -> StudentSchoolEnrollment:
    """End a student's time at a school; ``exit_on`` is the first day no longer enrolled.

    Its places in sections stay as they are: who means those too calls ``curriculum.leaving``.
    Raises: ``EnrollmentNotFound``; ``AlreadyWithdrawn``; ``ExitBeforeEntry``.
    """
    enrollment = db.get(StudentSchoolEnrollment, (tenant_id, enrollment_id), with_for_update=True)
    if enrollment is None:
        raise EnrollmentNotFound
    if enrollment.exit_on is not None:
        raise AlreadyWithdrawn(exit_on=enrollment.exit_on)
    if exit_on < enrollment.entry_on:
        raise ExitBeforeEntry(entry_on=enrollment.entry_on, exit_on=exit_on)
    revise(enrollment, exit_on=exit_on, exit_code=exit_code)
    db.flush()
    return enrollment


def transfer_student(
    db: Session, tenant_id: int, student_id: UUID, placement: Placement, *, exit_code: str | None = None
) -> StudentSchoolEnrollment:
    """Let a student leave their primary school and enter another on the same day; both or neither.

    Raises: ``NotEnrolled``; ``SameSchool``; what ``withdraw_student`` and ``enroll_student`` raise.
    """
    _student(db, tenant_id, student_id)
    left = open_primary(db, tenant_id, student_id)
    if left.school_id == placement.school_id:
        raise SameSchool
    with db.begin_nested():
        withdraw_student(db, tenant_id, left.enrollment_id, exit_on=placement.entry_on, exit_code=exit_code)
        return enroll_student(db, tenant_id, student_id, placement)


def _student(db: Session, tenant_id: int, student_id: UUID) -> Student:
    student = db.get(Student, (tenant_id, student_id))
    if student is None:
        raise StudentNotFound
    return student


def _check(db: Session, tenant_id: int, placement: Placement) -> None:
    """Look for what the placement names: a foreign key's own refusal names rows, and heeds no row's wall."""
    if db.get(School, (tenant_id, placement.school_id)) is None:
        raise SchoolNotFound
    counselor = placement.counselor_staff_id
    if counselor is not None and db.get(Staff, (tenant_id, counselor)) is None:
        raise CounselorNotFound
    if placement.grade_level is not None and placement.grade_level not in _GRADES:
        raise GradeLevelInvalid(grade_level=placement.grade_level)


def open_primary(db: Session, tenant_id: int, student_id: UUID) -> StudentSchoolEnrollment:
    """Return the primary enrollment that a student is in.

    Raises: ``NotEnrolled``, also for a student whom this transaction may not see.
    """
    table = StudentSchoolEnrollment
    found = db.scalar(
        select(table)
        .where(table.tenant_id == tenant_id, table.student_id == student_id)
        .where(table.is_primary, table.exit_on.is_(None))
        .with_for_update()
    )
    if found is None:
        raise NotEnrolled
    return found


def _write(db: Session, enrollment: StudentSchoolEnrollment) -> None:
    try:
        with db.begin_nested():
            db.add(enrollment)
    except IntegrityError as refused:
        # Not "from refused": what PostgreSQL says names the student and the days.
        match refused.orig:
            case ExclusionViolation():
                raise EnrollmentOverlaps from None
            case UniqueViolation():
                raise EnrollmentExists from None
        raise

"""Enrolling and withdrawing as both the page and the API do it: one's own students, at one's own schools."""

from datetime import date
from uuid import UUID

from sqlalchemy import select

from rollbook.access.service import visibility_of
from rollbook.access.writing import Work, has_caseload, require_school, staff_of
from rollbook.core.tenancy import whole_tenant
from rollbook.curriculum.leaving import transfer_student, withdraw_student
from rollbook.reporting.writing.desk import Desk
from rollbook.roster.admitting import NewStudent, admit_student
from rollbook.roster.enrolling import EnrollmentNotFound, Placement, enroll_student, open_primary
from rollbook.roster.models import StudentSchoolEnrollment


def enroll(desk: Desk, student_id: UUID, placement: Placement) -> StudentSchoolEnrollment:
    """Enroll a student at a school of one's own; a counselor's own student stays on their caseload.

    Raises: ``SchoolNotYours``; what ``enroll_student`` raises.
    """
    require_school(desk.db, desk.viewer.user, placement.school_id, Work.ENROLLMENT)
    made = enroll_student(desk.db, desk.tenant_id, student_id, _kept(desk, placement))
    desk.note("student_enrolled", student_id=student_id, details={"enrollment_id": made.enrollment_id})
    return made


def admit(desk: Desk, new: NewStudent, placement: Placement) -> UUID:
    """Make the record of somebody new, enrolled at a school of one's own.

    Raises: ``SchoolNotYours``; what ``admit_student`` raises.
    """
    require_school(desk.db, desk.viewer.user, placement.school_id, Work.ENROLLMENT)
    made = admit_student(desk.db, desk.tenant_id, new, _kept(desk, placement))
    with whole_tenant(desk.db):
        desk.note("student_admitted", student_id=made)
    return made


def withdraw(desk: Desk, enrollment_id: UUID, exit_on: date, exit_code: str | None) -> int:
    """End an enrollment at a school of one's own, with the places in its sections; return how many.

    Raises: ``EnrollmentNotFound``; ``SchoolNotYours``; what ``withdraw_student`` raises.
    """
    table = StudentSchoolEnrollment
    found = select(table.school_id, table.student_id).where(
        table.tenant_id == desk.tenant_id, table.enrollment_id == enrollment_id
    )
    place = desk.db.execute(found).one_or_none()
    if place is None:
        raise EnrollmentNotFound
    require_school(desk.db, desk.viewer.user, place.school_id, Work.ENROLLMENT)
    closed = withdraw_student(desk.db, desk.tenant_id, enrollment_id, exit_on=exit_on, exit_code=exit_code)
    desk.note(
        "student_withdrawn",
        student_id=place.student_id,
        details={"enrollment_id": enrollment_id, "sections_left": closed},
    )
    return closed


def transfer(
    desk: Desk, student_id: UUID, placement: Placement, exit_code: str | None
) -> StudentSchoolEnrollment:
    """Let a student leave one school for another; both have to be one's own.

    Raises: ``SchoolNotYours``; what ``transfer_student`` raises.
    """
    left = open_primary(desk.db, desk.tenant_id, student_id)
    for school_id in (left.school_id, placement.school_id):
        require_school(desk.db, desk.viewer.user, school_id, Work.ENROLLMENT)
    made = transfer_student(desk.db, desk.tenant_id, student_id, _kept(desk, placement), exit_code=exit_code)
    desk.note("student_transferred", student_id=student_id, details={"enrollment_id": made.enrollment_id})
    return made


def sees_still(desk: Desk, student_id: UUID) -> bool:
    """Say whether the user may see the student after what was just done."""
    desk.db.flush()
    with whole_tenant(desk.db):
        seen = visibility_of(desk.db, desk.viewer.user).student_ids
    return seen is None or student_id in seen


def _kept(desk: Desk, placement: Placement) -> Placement:
    """Name the counselor who enrolls, if they have a caseload: else the student would be nobody's at once."""
    if placement.counselor_staff_id is not None or not has_caseload(desk.db, desk.viewer.user):
        return placement
    return Placement(
        placement.school_id,
        placement.entry_on,
        placement.entry_code,
        placement.grade_level,
        staff_of(desk.db, desk.viewer.user),
        placement.is_primary,
    )

"""More tables that a bundle writes: who is where, and the gradebook."""

from collections.abc import Iterator
from typing import Final, TypedDict

from sqlalchemy import ColumnElement, Table, and_, func

from rollbook.curriculum.models import CourseEnrollment, SectionStaff
from rollbook.exchange.oneroster.scopes import Scope, until_next_stay
from rollbook.grades.models import Assignment, AssignmentCategory, Grade, GradeScale, GradeScaleStep
from rollbook.intake.target import Close, Delete, Target, table_of
from rollbook.roster.models import StaffAssignment, StudentSchoolEnrollment


class _Told(TypedDict):
    has_known_at: bool
    has_gone: bool
    is_unique: bool


_TOLD: Final = _Told(has_known_at=True, has_gone=True, is_unique=True)
_STAY = ("student_id", "school_id", "entry_on", "exit_on", "is_primary", "source_id")
_WORK = ("staff_id", "school_id", "staff_role", "is_primary", "begins_on", "ends_on", "source_id")
_ASSIGNMENT = (
    *("section_id", "assignment_code", "title", "description", "max_value", "min_value"),
    *("assigned_on", "due_on", "category_id", "session_id"),
)
_GRADE = ("source_id", "grade_value", "grade_letter", "is_late", "is_missing", "is_exempt", "comment")


def places(scope: Scope) -> Iterator[Target]:
    """Name the tables of roles and enrollments."""
    yield _stays(scope)
    works = table_of(StaffAssignment)
    yield Target(
        table=works,
        incoming="incoming_staff_assignments",
        file="roles.csv",
        key=("staff_assignment_id",),
        compared=_WORK,
        completeness=scope.complete("roles"),
        leaving=Close("ends_on", func.greatest(works.c.begins_on, scope.today)),
        scope=_from_source(works, scope.named("users", "staff", works.c.staff_id)),
        **_TOLD,
    )
    yield _in_classes(scope)
    teaching = table_of(SectionStaff)
    yield Target(
        table=teaching,
        incoming="incoming_section_staff",
        file="enrollments.csv",
        key=("section_id", "staff_id", "section_role"),
        compared=("is_primary", "begins_on", "ends_on", "source_id"),
        completeness=scope.complete("enrollments"),
        leaving=Close("ends_on", func.greatest(teaching.c.begins_on, scope.today)),
        scope=_from_source(teaching, scope.in_running_class(teaching)),
        **_TOLD,
    )


def _from_source(rows: Table, named: ColumnElement[bool]) -> ColumnElement[bool]:
    return and_(rows.c.source_id.is_not(None), named)


def _stays(scope: Scope) -> Target:
    stays = table_of(StudentSchoolEnrollment)
    return Target(
        table=stays,
        incoming="incoming_student_school_enrollments",
        file="roles.csv",
        key=("enrollment_id",),
        compared=_STAY,
        inserted=("school_year", "grade_level"),
        completeness=scope.complete("roles"),
        leaving=Close("exit_on", until_next_stay(stays, scope.today)),
        scope=_from_source(stays, scope.named("users", "students", stays.c.student_id)),
        is_watched=True,
        **_TOLD,
    )


def _in_classes(scope: Scope) -> Target:
    taken = table_of(CourseEnrollment)
    return Target(
        table=taken,
        incoming="incoming_course_enrollments",
        file="enrollments.csv",
        key=("student_id", "section_id"),
        compared=("enrolled_on", "withdrawn_on", "source_id"),
        completeness=scope.complete("enrollments"),
        leaving=Close("withdrawn_on", func.greatest(taken.c.enrolled_on, scope.today)),
        scope=_from_source(taken, scope.in_running_class(taken)),
        is_watched=True,
        **_TOLD,
    )


def gradebook(scope: Scope) -> Iterator[Target]:
    """Name the tables of the gradebook."""
    categories = ("category_code", "title", "weight_percent")
    yield scope.entity(table_of(AssignmentCategory), "categories", categories)
    work, marks = table_of(Assignment), table_of(Grade)
    yield Target(
        table=work,
        incoming="incoming_assignments",
        file="lineItems.csv",
        key=("assignment_id",),
        compared=_ASSIGNMENT,
        inserted=("assignment_type",),
        completeness=scope.complete("lineItems"),
        leaving=Delete(),
        scope=and_(
            scope.named("lineItems", "assignments", work.c.assignment_id), ~scope.stays_graded(work, marks)
        ),
        **_TOLD,
    )
    yield _grades(scope, marks)
    yield scope.entity(table_of(GradeScale), "scoreScales", ("scale_code", "title"))
    yield Target(
        table=table_of(GradeScaleStep),
        incoming="incoming_grade_scale_steps",
        file="scoreScales.csv",
        key=("grade_scale_id", "grade_letter"),
        compared=("min_percent",),
        leaving=Delete(),
        **_TOLD,
    )


def _grades(scope: Scope, marks: Table) -> Target:
    return Target(
        table=marks,
        incoming="incoming_grades",
        file="results.csv",
        key=("student_id", "assignment_id"),
        compared=_GRADE,
        completeness=scope.complete("results"),
        leaving=Delete(),
        scope=_from_source(marks, scope.named("lineItems", "assignments", marks.c.assignment_id)),
        **_TOLD,
    )

"""Which tables a bundle writes, in the order of their references, and what becomes of rows that leave."""

from collections.abc import Iterator, Sequence

from sqlalchemy import and_

from rollbook.curriculum.models import Course, Section, SectionSession
from rollbook.exchange.oneroster.scopes import RECORDS, Scope
from rollbook.exchange.oneroster.staging import Bundle
from rollbook.exchange.oneroster.targets_of_places import gradebook, places
from rollbook.intake.format import Run
from rollbook.intake.target import Delete, Target, table_of
from rollbook.roster.models import School, Staff, Student
from rollbook.roster.models_calendar import AcademicSession
from rollbook.roster.models_families import Guardian, StudentGuardian

_STUDENT = (
    *("student_number", "first_name", "last_name", "middle_name", "preferred_name", "email"),
    *("phone", "grade_level", "birth_date", "gender", "race_ethnicity"),
)
_STAFF = ("staff_number", "first_name", "last_name", "email", "phone", "school_id")
_GUARDIAN = ("guardian_number", "first_name", "last_name", "email", "phone")
_SESSION = (
    *("session_code", "title", "session_type", "starts_on", "ends_on", "school_year"),
    "parent_session_id",
)
_SECTION = (
    *("course_id", "school_id", "section_code", "starts_on", "ends_on"),
    *("title", "location", "periods", "is_homeroom"),
)
_COURSE = ("course_code", "title", "subject", "school_id", "low_grade", "high_grade")


def targets_of(run: Run, bundle: Bundle) -> Sequence[Target]:
    """Name every table that the bundle's files feed.

    Source records come first: what leaves is ended from the last table on, and which of our rows are the
    source's can be told only as long as they are there.
    """
    scope = Scope(run, bundle)
    return [_records(), *_structure(scope), *_people(scope), *places(scope), *gradebook(scope)]


def _records() -> Target:
    return Target(
        table=RECORDS,
        incoming="incoming_source_records",
        file="all files",
        key=("source", "record_type", "source_id", "entity_type"),
        compared=("entity_id", "facts"),
        leaving=Delete(),
        has_known_at=True,
        has_gone=True,
        is_unique=True,
    )


def _structure(scope: Scope) -> Iterator[Target]:
    sections = table_of(Section)
    yield scope.entity(table_of(School), "orgs", ("school_code", "name"), inserted=("school_type",))
    yield scope.entity(table_of(AcademicSession), "academicSessions", _SESSION)
    yield scope.entity(table_of(Course), "courses", _COURSE)
    yield scope.entity(sections, "classes", _SECTION, goes_on=sections.c.ends_on >= scope.today)
    yield Target(
        table=table_of(SectionSession),
        incoming="incoming_section_sessions",
        file="classes.csv",
        key=("section_id", "session_id"),
        leaving=Delete(),
        has_known_at=True,
        has_gone=True,
        is_unique=True,
    )


def _people(scope: Scope) -> Iterator[Target]:
    for model, columns in ((Student, _STUDENT), (Staff, _STAFF), (Guardian, _GUARDIAN)):
        rows = table_of(model)
        key = f"{rows.name.removesuffix('s')}_id"
        yield Target(
            table=rows,
            incoming=f"incoming_{rows.name}",
            file="users.csv",
            key=(key,),
            compared=columns,
            completeness=scope.complete("users"),
            scope=scope.named("users", rows.name, rows.c[key]),
            has_known_at=True,
            has_gone=True,
            is_watched=model is not Guardian,
            is_unique=True,
        )
    yield _ties(scope)


def _ties(scope: Scope) -> Target:
    ties = table_of(StudentGuardian)
    return Target(
        table=ties,
        incoming="incoming_student_guardians",
        file="users.csv",
        key=("student_id", "guardian_id"),
        compared=("contact_order",),
        inserted=("relation",),
        completeness=scope.complete("users"),
        leaving=Delete(),
        scope=and_(
            scope.named("users", "students", ties.c.student_id),
            scope.named("users", "guardians", ties.c.guardian_id),
        ),
        has_known_at=True,
        has_gone=True,
        is_unique=True,
    )

"""Which tables a bundle writes, in the order of their references, and what becomes of rows that leave."""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Date, Table, and_, column, exists, func, literal, or_, select, table

from rollbook.curriculum.models import Course, CourseEnrollment, Section, SectionSession, SectionStaff
from rollbook.exchange.oneroster.mapping import day_of
from rollbook.exchange.oneroster.sources import ids_named, told_by
from rollbook.exchange.oneroster.staging import Bundle
from rollbook.grades.models import Assignment, AssignmentCategory, Grade, GradeScale, GradeScaleStep
from rollbook.intake.format import Run
from rollbook.intake.models import SourceRecord
from rollbook.intake.target import Close, Completeness, Delete, Target, table_of
from rollbook.roster.models import School, Staff, StaffAssignment, Student, StudentSchoolEnrollment
from rollbook.roster.models_calendar import AcademicSession
from rollbook.roster.models_families import Guardian, StudentGuardian

RECORDS = table_of(SourceRecord)


def targets_of(run: Run, bundle: Bundle) -> Sequence[Target]:
    """Name every table that the bundle's files feed.

    Source records come first: what leaves is ended from the last table on, and which of our rows are the
    source's can be told only as long as they are there.
    """
    of = _Of(run, bundle)
    return [of.records(), *of.structure(), *of.people(), *of.places(), *of.gradebook()]


class _Of:
    """The targets of one bundle. A table is complete where the file that tells of it is."""

    def __init__(self, run: Run, bundle: Bundle) -> None:
        self.source, self.bundle = run.source, bundle
        self.today = literal(day_of(run), Date)

    def target(self, rows: Table, file: str, **facts: Any) -> Target:  # noqa: ANN401 -- Target's own fields
        """Describe a table that ``file`` feeds; every row has its instant, and none comes twice."""
        of_all: dict[str, Any] = {"has_known_at": True, "is_unique": True}
        return Target(table=rows, incoming=f"incoming_{rows.name}", file=f"{file}.csv", **of_all, **facts)

    def complete(self, file: str) -> Completeness:
        return Completeness.BULK if self.bundle.is_bulk(file) else Completeness.DELTA

    def named(self, record_type: str, entity_type: str, key: ColumnElement[Any]) -> ColumnElement[bool]:
        """Say that the source names the entity with this key."""
        return key.in_(ids_named(self.source, record_type, entity_type))

    def told_here(self, rows: Table) -> ColumnElement[bool]:
        """Say that a relation is the source's, and not another's."""
        return told_by(self.source, rows)

    def structure(self) -> Iterator[Target]:
        schools, sessions, courses = table_of(School), table_of(AcademicSession), table_of(Course)
        yield self.target(
            schools,
            "orgs",
            key=("school_id",),
            compared=("school_code", "name"),
            inserted=("school_type",),
            completeness=self.complete("orgs"),
            scope=self.named("orgs", "schools", schools.c.school_id),
        )
        yield self.target(
            sessions,
            "academicSessions",
            key=("session_id",),
            compared=(
                *("session_code", "title", "session_type", "starts_on", "ends_on"),
                *("school_year", "parent_session_id"),
            ),
            completeness=self.complete("academicSessions"),
            scope=self.named("academicSessions", "academic_sessions", sessions.c.session_id),
        )
        yield self.target(
            courses,
            "courses",
            key=("course_id",),
            compared=("course_code", "title", "subject", "school_id", "low_grade", "high_grade"),
            completeness=self.complete("courses"),
            scope=self.named("courses", "courses", courses.c.course_id),
        )
        yield from self.classes()

    def classes(self) -> Iterator[Target]:
        sections, meets = table_of(Section), table_of(SectionSession)
        yield self.target(
            sections,
            "classes",
            key=("section_id",),
            compared=(
                *("course_id", "school_id", "section_code", "starts_on", "ends_on"),
                *("title", "location", "periods", "is_homeroom"),
            ),
            completeness=self.complete("classes"),
            scope=and_(
                self.named("classes", "sections", sections.c.section_id), sections.c.ends_on >= self.today
            ),
        )
        yield self.target(meets, "classes", key=("section_id", "session_id"), leaving=Delete(), has_gone=True)

    def people(self) -> Iterator[Target]:
        for model, columns in (
            (
                Student,
                (
                    *("student_number", "first_name", "last_name", "middle_name", "preferred_name", "email"),
                    *("phone", "grade_level", "birth_date", "gender", "race_ethnicity"),
                ),
            ),
            (Staff, ("staff_number", "first_name", "last_name", "email", "phone", "school_id")),
            (Guardian, ("guardian_number", "first_name", "last_name", "email", "phone")),
        ):
            rows = table_of(model)
            key = f"{rows.name.removesuffix('s')}_id"
            yield self.target(
                rows,
                "users",
                key=(key,),
                compared=columns,
                completeness=self.complete("users"),
                scope=self.named("users", rows.name, rows.c[key]),
                has_gone=True,
                is_watched=model is not Guardian,
            )
        yield from self.ties()

    def ties(self) -> Iterator[Target]:
        ties = table_of(StudentGuardian)
        yield self.target(
            ties,
            "users",
            key=("student_id", "guardian_id"),
            compared=("contact_order",),
            inserted=("relation",),
            completeness=self.complete("users"),
            leaving=Delete(),
            scope=and_(
                self.named("users", "students", ties.c.student_id),
                self.named("users", "guardians", ties.c.guardian_id),
            ),
            has_gone=True,
        )

    def places(self) -> Iterator[Target]:
        stays, works = table_of(StudentSchoolEnrollment), table_of(StaffAssignment)
        yield self.target(
            stays,
            "roles",
            key=("enrollment_id",),
            compared=("student_id", "school_id", "entry_on", "exit_on", "is_primary", "source_id"),
            inserted=("school_year", "grade_level"),
            completeness=self.complete("roles"),
            leaving=Close("exit_on", _until_next_stay(stays, self.today)),
            scope=and_(self.told_here(stays), self.named("users", "students", stays.c.student_id)),
            has_gone=True,
            is_watched=True,
        )
        yield self.target(
            works,
            "roles",
            key=("staff_assignment_id",),
            compared=(
                *("staff_id", "school_id", "staff_role", "is_primary", "begins_on", "ends_on"),
                "source_id",
            ),
            completeness=self.complete("roles"),
            leaving=Close("ends_on", func.greatest(works.c.begins_on, self.today)),
            scope=and_(self.told_here(works), self.named("users", "staff", works.c.staff_id)),
            has_gone=True,
        )
        yield from self.seats()

    def seats(self) -> Iterator[Target]:
        places, teaching = table_of(CourseEnrollment), table_of(SectionStaff)
        yield self.target(
            places,
            "enrollments",
            key=("student_id", "section_id"),
            compared=("enrolled_on", "withdrawn_on", "source_id"),
            completeness=self.complete("enrollments"),
            leaving=Close("withdrawn_on", func.greatest(places.c.enrolled_on, self.today)),
            scope=and_(self.told_here(places), self.in_running_class(places)),
            has_gone=True,
            is_watched=True,
        )
        yield self.target(
            teaching,
            "enrollments",
            key=("section_id", "staff_id", "section_role"),
            compared=("is_primary", "begins_on", "ends_on", "source_id"),
            completeness=self.complete("enrollments"),
            leaving=Close("ends_on", func.greatest(teaching.c.begins_on, self.today)),
            scope=and_(self.told_here(teaching), self.in_running_class(teaching)),
            has_gone=True,
        )

    def in_running_class(self, rows: Table) -> ColumnElement[bool]:
        """Say that a row is about one of the source's classes that goes on: none withdraws from another."""
        sections = table_of(Section)
        running = select(sections.c.section_id).where(sections.c.ends_on >= self.today)
        return and_(rows.c.section_id.in_(running), self.named("classes", "sections", rows.c.section_id))

    def gradebook(self) -> Iterator[Target]:
        kinds, work, marks = table_of(AssignmentCategory), table_of(Assignment), table_of(Grade)
        yield self.target(
            kinds,
            "categories",
            key=("category_id",),
            compared=("category_code", "title", "weight_percent"),
            completeness=self.complete("categories"),
            scope=self.named("categories", "assignment_categories", kinds.c.category_id),
        )
        yield self.target(
            work,
            "lineItems",
            key=("assignment_id",),
            compared=(
                *("section_id", "assignment_code", "title", "description", "max_value", "min_value"),
                *("assigned_on", "due_on", "category_id", "session_id"),
            ),
            inserted=("assignment_type",),
            completeness=self.complete("lineItems"),
            leaving=Delete(),
            scope=and_(
                self.named("lineItems", "assignments", work.c.assignment_id),
                ~self.stays_graded(work, marks),
            ),
            has_gone=True,
        )
        yield from self.marks()
        yield from self.scales()

    def marks(self) -> Iterator[Target]:
        marks = table_of(Grade)
        yield self.target(
            marks,
            "results",
            key=("student_id", "assignment_id"),
            compared=(
                *("source_id", "grade_value", "grade_letter", "is_late", "is_missing"),
                *("is_exempt", "comment"),
            ),
            completeness=self.complete("results"),
            leaving=Delete(),
            scope=and_(
                self.told_here(marks),
                self.named("lineItems", "assignments", marks.c.assignment_id),
            ),
            has_gone=True,
        )

    def stays_graded(self, work: Table, marks: Table) -> ColumnElement[bool]:
        """Say that a grade for the work stays behind: one that is not the source's, or not told of here."""
        mark = marks.alias("mark")
        stays = (
            mark.c.source_id.is_(None) if self.bundle.is_bulk("results") else mark.c.tenant_id.is_not(None)
        )
        return exists(
            select(literal(1)).where(mark.c.assignment_id == work.c.assignment_id, stays)
        ).correlate(work)

    def scales(self) -> Iterator[Target]:
        scales, steps = table_of(GradeScale), table_of(GradeScaleStep)
        yield self.target(
            scales,
            "scoreScales",
            key=("grade_scale_id",),
            compared=("scale_code", "title"),
            completeness=self.complete("scoreScales"),
            scope=self.named("scoreScales", "grade_scales", scales.c.grade_scale_id),
        )
        yield self.target(
            steps,
            "scoreScales",
            key=("grade_scale_id", "grade_letter"),
            compared=("min_percent",),
            leaving=Delete(),
            has_gone=True,
        )

    def records(self) -> Target:
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


def _until_next_stay(stays: Table, today: ColumnElement[date]) -> ColumnElement[date]:
    """Return the day on which a stay ends that the drop does not have: today, or when the next one began."""
    later = table(
        "incoming_student_school_enrollments",
        *(column(name) for name in ("student_id", "entry_on", "is_primary", "is_gone")),
    ).alias("later")
    next_on = (
        select(func.min(later.c.entry_on))
        .where(
            later.c.student_id == stays.c.student_id,
            or_(later.c.entry_on >= stays.c.entry_on),
            later.c.is_primary,
            ~later.c.is_gone,
        )
        .correlate(stays)
        .scalar_subquery()
    )
    return func.greatest(stays.c.entry_on, func.least(today, next_on, type_=Date()), type_=Date())

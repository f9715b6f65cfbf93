"""How files refer to the roster, and its kinds: schools, staff, students, enrollments."""

from typing import Any, Final

from sqlalchemy import (
    Date,
    FromClause,
    Select,
    and_,
    exists,
    func,
    literal,
    literal_column,
    select,
)

from rollbook.intake.kinds import Field, Get, Kind, Lookup, Part, Rule, fields_of
from rollbook.intake.layout import LINE_NUMBER
from rollbook.intake.target import Close, table_of
from rollbook.intake.values import Line
from rollbook.roster.models import School, Staff, StaffAssignment, Student, StudentSchoolEnrollment

TODAY: Final = literal_column("current_date", Date)
STUDENT_NUMBER: Final = Field(
    "student_number", Line(), "S1001", "the district's own number", is_required=True
)
STAFF_NUMBER: Final = Field("staff_number", Line(), "T001", "the district's own number", is_required=True)
SCHOOL_CODE: Final = Field("school_code", Line(), "OAK", is_required=True, is_code=True)
STUDENT: Final = Lookup("student_id", table_of(Student), {"student_number": "student_number"})
STAFF: Final = Lookup("staff_id", table_of(Staff), {"staff_number": "staff_number"})
SCHOOL: Final = Lookup("school_id", table_of(School), {"school_code": "school_code"})


def same_names(*names: str) -> dict[str, str]:
    """Return columns that are filled from what is called as they are."""
    return {name: name for name in names}


def not_before(first: str, last: str) -> Rule:
    """Return the rule that ``last`` is no earlier than ``first``."""

    def holds(get: Get) -> Any:  # noqa: ANN401 -- a comparison
        return get(last) >= get(first)

    return Rule((first, last), f"is before the {first}", holds)


def not_ahead(day: str) -> Rule:
    """Return the rule that ``day``, of something that happened, has come where the tenant is."""

    def holds(get: Get) -> Any:  # noqa: ANN401 -- a comparison
        return get(day) <= func.current_date()

    return Rule((day,), "has not come yet", holds)


GRADE_SPAN: Final = Rule(
    ("low_grade", "high_grade"), "spans no grade", lambda get: get("low_grade") <= get("high_grade")
)
_SCHOOL: Final = ("name", "school_type", "low_grade", "high_grade")
SCHOOLS: Final = Kind(
    "schools",
    "Schools, one line each.",
    fields=(
        SCHOOL_CODE,
        *fields_of(
            School, {"name": "Oak High School", "school_type": "high", "low_grade": "9", "high_grade": "12"}
        ),
    ),
    parts=(Part(table=table_of(School), columns=same_names("school_code", *_SCHOOL), key=("school_code",)),),
    rules=(GRADE_SPAN,),
)
_STAFF: Final = ("first_name", "last_name", "email", "phone")
STAFF_KIND: Final = Kind(
    "staff",
    "People who work for the district, one line each.",
    fields=(
        STAFF_NUMBER,
        *fields_of(
            Staff,
            {"first_name": "Grace", "last_name": "Hopper", "email": "grace@oak.example", "phone": "555-0101"},
        ),
        Field("school_code", Line(), "OAK", "the home school; none for the whole district", is_code=True),
    ),
    lookups=(Lookup("school_id", table_of(School), {"school_code": "school_code"}, is_optional=True),),
    parts=(
        Part(
            table=table_of(Staff),
            columns=same_names("staff_number", "school_id", *_STAFF),
            key=("staff_number",),
            is_watched=True,
        ),
    ),
)
_assigned: Final = table_of(StaffAssignment)
STAFF_ASSIGNMENTS: Final = Kind(
    "staff-assignments",
    "Who does what at which school, one line each.",
    fields=(
        STAFF_NUMBER,
        Field("school_code", Line(), "OAK", "none for the whole district", is_code=True),
        *fields_of(
            StaffAssignment,
            {"staff_role": "teacher", "is_primary": "true", "begins_on": "2025-08-20", "ends_on": ""},
        ),
    ),
    lookups=(STAFF, Lookup("school_id", table_of(School), {"school_code": "school_code"}, is_optional=True)),
    parts=(
        Part(
            table=_assigned,
            columns=same_names("staff_id", "school_id", "staff_role", "is_primary", "begins_on", "ends_on"),
            key=("staff_id", "school_id", "staff_role", "begins_on"),
            scope=("school_id",),
            leaving=Close("ends_on", func.greatest(_assigned.c.begins_on, TODAY)),
            is_watched=True,
        ),
    ),
    rules=(not_before("begins_on", "ends_on"),),
)
_STUDENT: Final = {
    "first_name": "Ada",
    "last_name": "Byron",
    "middle_name": "",
    "preferred_name": "",
    "birth_date": "2010-05-17",
    "gender": "F",
    "race_ethnicity": "Asian;White",
    "grade_level": "9",
    "is_english_learner": "false",
    "is_special_education": "false",
    "economic_status": "free",
    "languages": "es;en",
    "email": "",
    "phone": "",
    "address": "",
    "is_directory_opt_out": "false",
}
STUDENTS: Final = Kind(
    "students",
    "Students, one line each. Where they are enrolled is told by enrollments.",
    fields=(STUDENT_NUMBER, *fields_of(Student, _STUDENT)),
    parts=(
        Part(
            table=table_of(Student),
            columns=same_names("student_number", *_STUDENT),
            key=("student_number",),
            entity="student_id",
            is_watched=True,
        ),
    ),
    rules=(
        Rule(
            ("birth_date",),
            "is not after 1900-01-01",
            lambda get: get("birth_date") > func.make_date(1900, 1, 1),
        ),
        not_ahead("birth_date"),
    ),
)
_enrolled: Final = table_of(StudentSchoolEnrollment)


def overlapping(rows: FromClause, tenant_id: int) -> Select[Any]:
    """Name the lines that would have a student in two primary enrollments on one day."""
    ours = _enrolled.alias("ours")
    same = [ours.c[name] == rows.c[name] for name in ("student_id", "school_id", "entry_on")]
    until = rows.c.exit_on if "exit_on" in rows.c else ours.c.exit_on
    primary = rows.c.is_primary if "is_primary" in rows.c else func.coalesce(ours.c.is_primary, True)
    new = (
        select(
            rows.c[LINE_NUMBER], rows.c.student_id, rows.c.school_id, rows.c.entry_on, until.label("exit_on")
        )
        .select_from(rows.outerjoin(ours, and_(ours.c.tenant_id == tenant_id, *same)))
        .where(primary)
        .cte("new_time")
    )
    both = _within_file(new).union_all(_with_ours(new, rows, tenant_id)).subquery("overlaps")
    return select(*both.c)


def _days(source: Any) -> Any:  # noqa: ANN401 -- an alias and a range
    return func.daterange(source.c.entry_on, source.c.exit_on)


def _overlap(line: Any, why: str) -> tuple[Any, ...]:  # noqa: ANN401 -- columns
    return line, literal("entry_on, exit_on").label("column_name"), literal(why).label("reason")


def _within_file(new: FromClause) -> Select[Any]:
    earlier, later = new.alias("earlier"), new.alias("later")
    both = and_(
        earlier.c.student_id == later.c.student_id,
        earlier.c[LINE_NUMBER] < later.c[LINE_NUMBER],
        _days(earlier).op("&&")(_days(later)),
    )
    why = "overlaps another primary enrollment of the student in the file"
    return select(*_overlap(later.c[LINE_NUMBER], why)).select_from(earlier.join(later, both)).distinct()


def _with_ours(new: FromClause, rows: FromClause, tenant_id: int) -> Select[Any]:
    """Compare with those that are there and that the file does not name."""
    there = _enrolled.alias("there")
    named = exists(
        select(literal(1)).where(
            rows.c.student_id == there.c.student_id,
            rows.c.school_id == there.c.school_id,
            rows.c.entry_on == there.c.entry_on,
        )
    )
    both = and_(
        there.c.tenant_id == tenant_id,
        there.c.student_id == new.c.student_id,
        there.c.is_primary,
        _days(there).op("&&")(_days(new)),
    )
    why = "overlaps a primary enrollment of the student that is there"
    return (
        select(*_overlap(new.c[LINE_NUMBER], why)).select_from(new.join(there, both)).where(~named).distinct()
    )


ENROLLMENTS: Final = Kind(
    "enrollments",
    "Students' time at schools, one line each; a day belongs to one primary enrollment.",
    fields=(
        STUDENT_NUMBER,
        SCHOOL_CODE,
        *fields_of(
            StudentSchoolEnrollment,
            {
                "school_year": "2026",
                "grade_level": "9",
                "entry_on": "2025-09-01",
                "entry_code": "E1",
                "exit_on": "",
                "exit_code": "",
                "is_primary": "true",
            },
            within={"school_year": (1900, 2199)},
        ),
        Field("counselor_number", Line(), "T001", "staff number of the counselor"),
    ),
    lookups=(
        STUDENT,
        SCHOOL,
        Lookup(
            "counselor_staff_id",
            table_of(Staff),
            {"staff_number": "counselor_number"},
            "staff_id",
            is_optional=True,
        ),
    ),
    parts=(
        Part(
            table=_enrolled,
            columns=same_names(
                "student_id",
                "school_id",
                "school_year",
                "grade_level",
                "entry_on",
                "entry_code",
                "exit_on",
                "exit_code",
                "is_primary",
                "counselor_staff_id",
            ),
            key=("student_id", "school_id", "entry_on"),
            scope=("school_id", "school_year"),
            leaving=Close("exit_on", func.greatest(_enrolled.c.entry_on, TODAY)),
            is_watched=True,
        ),
    ),
    rules=(not_before("entry_on", "exit_on"),),
    checks={"student_school_enrollments": overlapping},
)
KINDS: Final = (SCHOOLS, STAFF_KIND, STAFF_ASSIGNMENTS, STUDENTS, ENROLLMENTS)

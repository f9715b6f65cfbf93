"""The curriculum as files bring it, and how others refer to courses and sections."""

from typing import Final

from sqlalchemy import func

from rollbook.curriculum.models import (
    Course,
    CourseEnrollment,
    CourseOutcome,
    CoursePrerequisite,
    Section,
    SectionStaff,
)
from rollbook.intake.kinds import Field, Kind, Lookup, Part, Rule, fields_of
from rollbook.intake.target import Close, Delete, table_of
from rollbook.intake.values import Line
from rollbook.roster.load import (
    GRADE_SPAN,
    STAFF,
    STAFF_NUMBER,
    STUDENT,
    STUDENT_NUMBER,
    TODAY,
    not_before,
    same_names,
)
from rollbook.roster.models import School

COURSE_CODE: Final = Field("course_code", Line(), "ALG1", is_required=True, is_code=True)
SECTION_CODE: Final = Field(
    "section_code", Line(), "2026-01", "unique in its course", is_required=True, is_code=True
)
COURSE: Final = Lookup("course_id", table_of(Course), {"course_code": "course_code"})
SECTION: Final = Lookup(
    "section_id", table_of(Section), {"course_id": "course_id", "section_code": "section_code"}
)
SCHOOL_IF_SAID: Final = Lookup(
    "school_id", table_of(School), {"school_code": "school_code"}, is_optional=True
)
_COURSE: Final = {
    "title": "Algebra I",
    "subject": "Mathematics",
    "description": "",
    "low_grade": "8",
    "high_grade": "10",
    "credits": "1.0",
    "level": "regular",
    "max_completions_for_credit": "1",
}
COURSES: Final = Kind(
    "courses",
    "Courses of the catalogue, one line each.",
    fields=(
        COURSE_CODE,
        *fields_of(
            Course,
            _COURSE,
            within={"credits": (0, 100), "max_completions_for_credit": (1, 99)},
            long=("description",),
        ),
        Field("school_code", Line(), "", "none where the whole district offers it", is_code=True),
    ),
    lookups=(SCHOOL_IF_SAID,),
    parts=(
        Part(
            table=table_of(Course),
            columns=same_names("course_code", "school_id", *_COURSE),
            key=("course_code",),
        ),
    ),
    rules=(GRADE_SPAN,),
)
_SECTION: Final = {
    "starts_on": "2025-08-20",
    "ends_on": "2026-06-05",
    "title": "",
    "location": "Room 12",
    "periods": "2",
    "is_homeroom": "false",
}
SECTIONS: Final = Kind(
    "sections",
    "Offerings of courses, one line each. Who teaches them is told by section-staff.",
    fields=(
        COURSE_CODE,
        SECTION_CODE,
        Field("school_code", Line(), "OAK", is_code=True),
        *fields_of(Section, _SECTION),
    ),
    lookups=(COURSE, SCHOOL_IF_SAID),
    parts=(
        Part(
            table=table_of(Section),
            columns=same_names("course_id", "section_code", "school_id", *_SECTION),
            key=("course_id", "section_code"),
        ),
    ),
    rules=(
        Rule(
            ("starts_on", "ends_on"),
            "is not after the starts_on",
            lambda get: get("ends_on") > get("starts_on"),
        ),
    ),
)
_taught: Final = table_of(SectionStaff)
SECTION_STAFF: Final = Kind(
    "section-staff",
    "Who teaches or helps in which section, one line each.",
    fields=(
        COURSE_CODE,
        SECTION_CODE,
        STAFF_NUMBER,
        *fields_of(
            SectionStaff,
            {"section_role": "teacher", "is_primary": "true", "begins_on": "2025-08-20", "ends_on": ""},
        ),
    ),
    lookups=(COURSE, SECTION, STAFF),
    parts=(
        Part(
            table=_taught,
            columns=same_names(
                "section_id", "staff_id", "section_role", "is_primary", "begins_on", "ends_on"
            ),
            key=("section_id", "staff_id", "section_role"),
            scope=("section_id",),
            leaving=Close("ends_on", func.greatest(_taught.c.begins_on, TODAY)),
        ),
    ),
    rules=(not_before("begins_on", "ends_on"),),
)
_taken: Final = table_of(CourseEnrollment)
_ENROLLMENT: Final = {
    "enrolled_on": "2025-08-20",
    "withdrawn_on": "",
    "prior_attempts": "0",
    "load_credits": "",
}
COURSE_ENROLLMENTS: Final = Kind(
    "course-enrollments",
    "Who is in which section, one line each.",
    fields=(
        STUDENT_NUMBER,
        COURSE_CODE,
        SECTION_CODE,
        *fields_of(CourseEnrollment, _ENROLLMENT, within={"prior_attempts": (0, 1000)}),
    ),
    lookups=(STUDENT, COURSE, SECTION),
    parts=(
        Part(
            table=_taken,
            columns=same_names("student_id", "section_id", *_ENROLLMENT),
            key=("student_id", "section_id"),
            scope=("section_id",),
            leaving=Close("withdrawn_on", func.greatest(_taken.c.enrolled_on, TODAY)),
            is_watched=True,
        ),
    ),
    rules=(not_before("enrolled_on", "withdrawn_on"),),
)
OUTCOMES: Final = Kind(
    "outcomes",
    "How courses ended, one line for each student in a section.",
    fields=(STUDENT_NUMBER, COURSE_CODE, SECTION_CODE, *fields_of(CourseOutcome, {"result": "pass"})),
    lookups=(
        STUDENT,
        COURSE,
        SECTION,
        Lookup(
            "enrollment",
            _taken,
            {"student_id": "student_id", "section_id": "section_id"},
            "student_id",
        ),
    ),
    parts=(
        Part(
            table=table_of(CourseOutcome),
            columns=same_names("student_id", "section_id", "result"),
            key=("student_id", "section_id"),
            scope=("section_id",),
            leaving=Delete(),
        ),
    ),
)
PREREQUISITES: Final = Kind(
    "prerequisites",
    "Courses that others ask for, one line each.",
    fields=(COURSE_CODE, Field("prerequisite_code", Line(), "MATH8", is_required=True, is_code=True)),
    lookups=(
        COURSE,
        Lookup("prerequisite_course_id", table_of(Course), {"course_code": "prerequisite_code"}, "course_id"),
    ),
    parts=(
        Part(
            table=table_of(CoursePrerequisite),
            columns=same_names("course_id", "prerequisite_course_id"),
            key=("course_id", "prerequisite_course_id"),
            scope=("course_id",),
            leaving=Delete(),
        ),
    ),
    rules=(
        Rule(
            ("course_code", "prerequisite_code"),
            "asks for itself",
            lambda get: get("course_code") != get("prerequisite_code"),
        ),
    ),
)
KINDS: Final = (COURSES, SECTIONS, SECTION_STAFF, COURSE_ENROLLMENTS, OUTCOMES, PREREQUISITES)

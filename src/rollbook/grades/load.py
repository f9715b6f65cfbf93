"""Assignments, their marks, and marks of courses as files bring them."""

from dataclasses import replace
from typing import Final

from rollbook.curriculum.load import COURSE, COURSE_CODE, SECTION, SECTION_CODE
from rollbook.grades.models import Assignment, AssignmentCategory, CourseGrade, Grade
from rollbook.intake.kinds import Field, Kind, Lookup, Part, Rule, fields_of
from rollbook.intake.target import Delete, table_of
from rollbook.intake.values import Line
from rollbook.roster.load import STUDENT, STUDENT_NUMBER, not_before, same_names
from rollbook.roster.load_calendar import SESSION, SESSION_CODE

ASSIGNMENT_CODE: Final = Field("assignment_code", Line(), "HW01", is_required=True, is_code=True)
_CATEGORY: Final = {"title": "Homework", "weight_percent": "30"}
CATEGORIES: Final = Kind(
    "assignment-categories",
    "Kinds of work, one line each.",
    fields=(
        Field("category_code", Line(), "HW", is_required=True, is_code=True),
        *fields_of(AssignmentCategory, _CATEGORY, within={"weight_percent": (0, 100)}),
    ),
    parts=(
        Part(
            table=table_of(AssignmentCategory),
            columns=same_names("category_code", *_CATEGORY),
            key=("category_code",),
        ),
    ),
)
_ASSIGNMENT: Final = {
    "title": "Linear equations",
    "assignment_type": "homework",
    "max_value": "20",
    "weight_percent": "",
    "due_on": "2025-09-19",
    "assigned_on": "2025-09-15",
    "min_value": "",
    "description": "",
}
_ASSIGNMENT_RANGES: Final = {
    "max_value": (0.01, 100_000),
    "min_value": (0, 100_000),
    "weight_percent": (0, 100),
}
_MIN_BELOW_MAX: Final = Rule(
    ("min_value", "max_value"), "is no range", lambda get: get("min_value") < get("max_value")
)
ASSIGNMENTS: Final = Kind(
    "assignments",
    "Pieces of work set to sections, one line each.",
    fields=(
        COURSE_CODE,
        SECTION_CODE,
        ASSIGNMENT_CODE,
        *fields_of(Assignment, _ASSIGNMENT, within=_ASSIGNMENT_RANGES, long=("description",)),
        Field("category_code", Line(), "", is_code=True),
        replace(SESSION_CODE, is_required=False, example="", says="the grading period it counts for"),
    ),
    lookups=(
        COURSE,
        SECTION,
        Lookup(
            "category_id",
            table_of(AssignmentCategory),
            {"category_code": "category_code"},
            is_optional=True,
        ),
        replace(SESSION, is_optional=True),
    ),
    parts=(
        Part(
            table=table_of(Assignment),
            columns=same_names("section_id", "assignment_code", "category_id", "session_id", *_ASSIGNMENT),
            key=("section_id", "assignment_code"),
        ),
    ),
    rules=(_MIN_BELOW_MAX, not_before("assigned_on", "due_on")),
)
_GRADE: Final = {
    "grade_value": "17.5",
    "grade_letter": "B+",
    "submitted_on": "2025-09-19",
    "is_late": "false",
    "is_missing": "false",
    "is_exempt": "false",
    "comment": "",
}
_WITH_GRADES: Final = {
    "title": "assignment_title",
    "assignment_type": "assignment_type",
    "max_value": "max_value",
    "due_on": "due_on",
}
GRADES: Final = Kind(
    "grades",
    "Marks of pieces of work, one line each; with a column such as assignment_type the work itself, too.",
    fields=(
        STUDENT_NUMBER,
        COURSE_CODE,
        SECTION_CODE,
        ASSIGNMENT_CODE,
        *fields_of(Grade, _GRADE, within={"grade_value": (0, 100_000)}, long=("comment",)),
        *fields_of(
            Assignment,
            {name: _ASSIGNMENT[name] for name in _WITH_GRADES},
            within=_ASSIGNMENT_RANGES,
            rename=_WITH_GRADES,
        ),
    ),
    lookups=(
        STUDENT,
        COURSE,
        SECTION,
        Lookup(
            "assignment_id",
            table_of(Assignment),
            {"section_id": "section_id", "assignment_code": "assignment_code"},
            is_brought=True,
        ),
    ),
    parts=(
        Part(
            table=table_of(Assignment),
            columns=same_names("section_id", "assignment_code") | _WITH_GRADES,
            key=("section_id", "assignment_code"),
            entity="assignment_id",
            is_shared=True,
            is_optional=True,
        ),
        Part(
            table=table_of(Grade),
            columns=same_names("student_id", "assignment_id", *_GRADE),
            key=("student_id", "assignment_id"),
            scope=("assignment_id",),
            leaving=Delete(),
        ),
    ),
)
_COURSE_GRADE: Final = {
    "grade_percent": "87.5",
    "grade_letter": "B+",
    "is_final": "true",
    "credits_attempted": "0.5",
    "credits_earned": "0.5",
    "awarded_on": "2025-12-19",
}
COURSE_GRADES: Final = Kind(
    "course-grades",
    "Marks of courses in a grading period, one line each.",
    fields=(
        STUDENT_NUMBER,
        COURSE_CODE,
        SECTION_CODE,
        SESSION_CODE,
        *fields_of(CourseGrade, _COURSE_GRADE, within={"grade_percent": (0, 200)}),
    ),
    lookups=(STUDENT, COURSE, SECTION, SESSION),
    parts=(
        Part(
            table=table_of(CourseGrade),
            columns=same_names("student_id", "section_id", "session_id", *_COURSE_GRADE),
            key=("student_id", "section_id", "session_id"),
            scope=("section_id", "session_id"),
            leaving=Delete(),
        ),
    ),
    rules=(
        Rule(
            ("credits_attempted", "credits_earned"),
            "earned more than was attempted",
            lambda get: get("credits_earned") <= get("credits_attempted"),
        ),
    ),
)
KINDS: Final = (CATEGORIES, ASSIGNMENTS, GRADES, COURSE_GRADES)

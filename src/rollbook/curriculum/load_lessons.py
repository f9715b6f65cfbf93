"""Standards and lesson plans as files bring them."""

from typing import Final

from rollbook.curriculum.load import COURSE, COURSE_CODE, SECTION_CODE
from rollbook.curriculum.models import Section
from rollbook.curriculum.models_lessons import LearningStandard, LessonPlan, PeLessonPlan
from rollbook.intake.kinds import Field, Kind, Lookup, Part, fields_of
from rollbook.intake.target import table_of
from rollbook.intake.values import Line
from rollbook.roster.load import same_names
from rollbook.roster.models import Staff

_STANDARD: Final = {
    "description": "Solve linear equations",
    "subject": "Mathematics",
    "grade_level": "9",
}
STANDARDS: Final = Kind(
    "standards",
    "What students are to learn, one line each.",
    fields=(
        Field("standard_code", Line(), "A.REI.3", is_required=True, is_code=True),
        *fields_of(LearningStandard, _STANDARD, long=("description",)),
    ),
    parts=(
        Part(
            table=table_of(LearningStandard),
            columns=same_names("standard_code", *_STANDARD),
            key=("standard_code",),
        ),
    ),
)
_LESSON: Final = {
    "title": "Balancing equations",
    "planned_on": "2025-09-15",
    "duration_minutes": "45",
    "objectives": "Solve for x",
}
_PE: Final = {
    "warm_up": "",
    "main_activity": "",
    "cool_down": "",
    "equipment": "",
    "safety_notes": "",
    "adaptations": "",
}
LESSON_PLANS: Final = Kind(
    "lesson-plans",
    "Lesson plans, one line each; with a column such as warm_up also what PE adds to them.",
    fields=(
        Field("lesson_plan_code", Line(), "LP001", is_required=True, is_code=True),
        COURSE_CODE,
        Field("section_code", SECTION_CODE.value, "", "none for every section", is_code=True),
        Field("staff_number", Line(), "", "who wrote it"),
        *fields_of(LessonPlan, _LESSON, within={"duration_minutes": (1, 600)}, long=("objectives",)),
        *fields_of(PeLessonPlan, _PE, long=[name for name in _PE if name != "equipment"]),
    ),
    lookups=(
        COURSE,
        Lookup(
            "section_id",
            table_of(Section),
            {"course_id": "course_id", "section_code": "section_code"},
            is_optional=True,
        ),
        Lookup("staff_id", table_of(Staff), {"staff_number": "staff_number"}, is_optional=True),
        Lookup(
            "lesson_plan_id",
            table_of(LessonPlan),
            {"lesson_plan_code": "lesson_plan_code"},
            is_brought=True,
        ),
    ),
    parts=(
        Part(
            table=table_of(LessonPlan),
            columns=same_names("lesson_plan_code", "course_id", "section_id", "staff_id", *_LESSON),
            key=("lesson_plan_code",),
            entity="lesson_plan_id",
        ),
        Part(
            table=table_of(PeLessonPlan),
            columns=same_names("lesson_plan_id", *_PE),
            key=("lesson_plan_id",),
            is_optional=True,
        ),
    ),
)
KINDS: Final = (STANDARDS, LESSON_PLANS)

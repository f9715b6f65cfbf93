"""Activities, PE and events as files bring them."""

from typing import Final

from rollbook.activity.models import (
    Activity,
    AnalyticsEvent,
    PeActivityPreference,
    Routine,
    RoutineActivity,
    RoutinePerformanceMetric,
    StudentActivityPerformance,
)
from rollbook.curriculum.load import COURSE, COURSE_CODE, SECTION, SECTION_CODE
from rollbook.curriculum.models import Course, Section
from rollbook.intake.kinds import Field, Kind, Lookup, Part, fields_of
from rollbook.intake.target import Delete, table_of
from rollbook.intake.values import Line
from rollbook.roster.load import STUDENT, STUDENT_NUMBER, not_ahead, same_names

ACTIVITY_CODE: Final = Field("activity_code", Line(), "PUSHUP", is_required=True, is_code=True)
ROUTINE_CODE: Final = Field("routine_code", Line(), "R001", is_required=True, is_code=True)
ACTIVITY: Final = Lookup("activity_id", table_of(Activity), {"activity_code": "activity_code"})
ROUTINE: Final = Lookup("routine_id", table_of(Routine), {"routine_code": "routine_code"})
_MINUTES: Final = (1, 600)
_ACTIVITY: Final = {
    "name": "Push-ups",
    "activity_type": "strength",
    "description": "",
    "difficulty_level": "2",
    "max_score": "100",
}
ACTIVITIES: Final = Kind(
    "activities",
    "Things to do, in PE or elsewhere, one line each.",
    fields=(
        ACTIVITY_CODE,
        *fields_of(
            Activity,
            _ACTIVITY,
            within={"difficulty_level": (1, 5), "max_score": (0.01, 100_000)},
            long=("description",),
        ),
    ),
    parts=(
        Part(
            table=table_of(Activity),
            columns=same_names("activity_code", *_ACTIVITY),
            key=("activity_code",),
        ),
    ),
)
_PERFORMANCE: Final = {
    "performed_on": "2025-10-01",
    "attempt": "1",
    "score": "85",
    "duration_minutes": "12.5",
    "notes": "",
}
PERFORMANCES: Final = Kind(
    "performances",
    "How students did in activities, one line each.",
    fields=(
        STUDENT_NUMBER,
        ACTIVITY_CODE,
        *fields_of(
            StudentActivityPerformance,
            _PERFORMANCE,
            within={"attempt": (1, 1000), "score": (0, 100_000), "duration_minutes": (0, 600)},
        ),
    ),
    lookups=(STUDENT, ACTIVITY),
    parts=(
        Part(
            table=table_of(StudentActivityPerformance),
            columns=same_names("student_id", "activity_id", *_PERFORMANCE),
            key=("student_id", "activity_id", "performed_on", "attempt"),
            scope=("activity_id", "performed_on"),
            leaving=Delete(),
        ),
    ),
    rules=(not_ahead("performed_on"),),
)
_PREFERENCE: Final = {"preference_level": "4", "notes": ""}
PREFERENCES: Final = Kind(
    "preferences",
    "How much students like kinds of activity, one line each.",
    fields=(
        STUDENT_NUMBER,
        Field("activity_type", Line(), "strength", is_required=True, is_code=True),
        *fields_of(PeActivityPreference, _PREFERENCE, within={"preference_level": (1, 5)}),
    ),
    lookups=(STUDENT,),
    parts=(
        Part(
            table=table_of(PeActivityPreference),
            columns=same_names("student_id", "activity_type", *_PREFERENCE),
            key=("student_id", "activity_type"),
            scope=("student_id",),
            leaving=Delete(),
        ),
    ),
)
ROUTINES: Final = Kind(
    "routines",
    "Routines, one line each, or with activity_code and step_number one line for each step.",
    fields=(
        ROUTINE_CODE,
        *fields_of(
            Routine, {"name": "Morning", "duration_minutes": "20"}, within={"duration_minutes": _MINUTES}
        ),
        Field("course_code", COURSE_CODE.value, "", "none for any section", is_code=True),
        Field("section_code", SECTION_CODE.value, "", is_code=True),
        *fields_of(RoutineActivity, {"step_number": "1"}, within={"step_number": (1, 1000)}),
        Field("activity_code", Line(), "PUSHUP", is_required=True, is_code=True),
        *fields_of(
            RoutineActivity,
            {"duration_minutes": "5"},
            within={"duration_minutes": _MINUTES},
            rename={"duration_minutes": "step_minutes"},
        ),
    ),
    lookups=(
        Lookup("course_id", table_of(Course), {"course_code": "course_code"}, is_optional=True),
        Lookup(
            "section_id",
            table_of(Section),
            {"course_id": "course_id", "section_code": "section_code"},
            is_optional=True,
        ),
        Lookup("routine_id", table_of(Routine), {"routine_code": "routine_code"}, is_brought=True),
        ACTIVITY,
    ),
    parts=(
        Part(
            table=table_of(Routine),
            columns=same_names("routine_code", "name", "section_id", "duration_minutes"),
            key=("routine_code",),
            entity="routine_id",
            is_shared=True,
        ),
        Part(
            table=table_of(RoutineActivity),
            columns=same_names("routine_id", "step_number", "activity_id")
            | {"duration_minutes": "step_minutes"},
            key=("routine_id", "step_number"),
            where="step_number",
            is_optional=True,
            scope=("routine_id",),
            leaving=Delete(),
        ),
    ),
)
ROUTINE_METRICS: Final = Kind(
    "routine-metrics",
    "What was measured when students did routines, one line each.",
    fields=(
        STUDENT_NUMBER,
        ROUTINE_CODE,
        *fields_of(
            RoutinePerformanceMetric,
            {"performed_on": "2025-10-01", "metric_name": "completion_rate", "metric_value": "0.9"},
            within={"metric_value": (-1_000_000, 1_000_000)},
        ),
    ),
    lookups=(STUDENT, ROUTINE),
    parts=(
        Part(
            table=table_of(RoutinePerformanceMetric),
            columns=same_names("student_id", "routine_id", "performed_on", "metric_name", "metric_value"),
            key=("student_id", "routine_id", "performed_on", "metric_name"),
            scope=("routine_id", "performed_on"),
            leaving=Delete(),
        ),
    ),
    rules=(not_ahead("performed_on"),),
)
EVENTS: Final = Kind(
    "events",
    "What students did in sections on a day, such as clicks, one line each.",
    fields=(
        STUDENT_NUMBER,
        COURSE_CODE,
        SECTION_CODE,
        *fields_of(
            AnalyticsEvent,
            {"event_on": "2025-10-01", "event_type": "clicks", "event_count": "12"},
            within={"event_count": (1, 999_999_999)},
            codes=("event_type",),
        ),
    ),
    lookups=(STUDENT, COURSE, SECTION),
    parts=(
        Part(
            table=table_of(AnalyticsEvent),
            columns=same_names("student_id", "section_id", "event_on", "event_type", "event_count"),
            key=("student_id", "section_id", "event_on", "event_type"),
            scope=("section_id", "event_on", "event_type"),
            leaving=Delete(),
            month="event_on",
        ),
    ),
    rules=(not_ahead("event_on"),),
)
KINDS: Final = (ACTIVITIES, PERFORMANCES, PREFERENCES, ROUTINES, ROUTINE_METRICS, EVENTS)

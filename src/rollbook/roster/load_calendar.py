"""The school calendar as files bring it: days, and the sessions of a year."""

from typing import Final

from rollbook.intake.kinds import Field, Kind, Lookup, Part, fields_of
from rollbook.intake.target import Delete, table_of
from rollbook.intake.values import Line
from rollbook.roster.load import SCHOOL, SCHOOL_CODE, not_before, same_names
from rollbook.roster.models_calendar import AcademicSession, SchoolCalendarDay

SESSION_CODE: Final = Field(
    "session_code", Line(), "2026-S1", "such as 2026-S1", is_required=True, is_code=True
)
SESSION: Final = Lookup("session_id", table_of(AcademicSession), {"session_code": "session_code"})
CALENDAR: Final = Kind(
    "calendar",
    "Days of the schools' calendars, one line each.",
    fields=(
        SCHOOL_CODE,
        *fields_of(SchoolCalendarDay, {"date": "2025-09-01", "is_instructional": "true", "term_code": "S1"}),
    ),
    lookups=(SCHOOL,),
    parts=(
        Part(
            table=table_of(SchoolCalendarDay),
            columns=same_names("school_id", "date", "is_instructional", "term_code"),
            key=("school_id", "date"),
            scope=("school_id", "date"),
            leaving=Delete(),
        ),
    ),
)
SESSIONS: Final = Kind(
    "sessions",
    "School years, semesters, terms and grading periods, one line each.",
    fields=(
        SESSION_CODE,
        *fields_of(
            AcademicSession,
            {
                "title": "First semester",
                "session_type": "semester",
                "starts_on": "2025-08-20",
                "ends_on": "2025-12-19",
                "school_year": "2026",
            },
            within={"school_year": (1900, 2199)},
        ),
        Field("parent_session_code", Line(), "", "what it is a part of", is_code=True),
    ),
    lookups=(
        Lookup(
            "parent_session_id",
            table_of(AcademicSession),
            {"session_code": "parent_session_code"},
            "session_id",
            is_optional=True,
            is_brought=True,
        ),
    ),
    parts=(
        Part(
            table=table_of(AcademicSession),
            columns=same_names(
                "session_code",
                "title",
                "session_type",
                "starts_on",
                "ends_on",
                "school_year",
                "parent_session_id",
            ),
            key=("session_code",),
            entity="session_id",
        ),
    ),
    rules=(not_before("starts_on", "ends_on"),),
)
KINDS: Final = (CALENDAR, SESSIONS)

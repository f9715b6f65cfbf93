"""Tables of the school calendar."""

import datetime as dt
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, SmallInteger, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from rollbook.core.schema import (
    TenantOwned,
    created_at,
    entity_id,
    import_id,
    known_at,
    references,
    text_enum,
    versioned,
)


@versioned
class SchoolCalendarDay(TenantOwned):
    """A day of a school's calendar. Grain: one row per (tenant, school, date)."""

    __tablename__ = "school_calendar_days"
    __table_args__ = (references("schools", "school_id"),)

    school_id: Mapped[UUID] = mapped_column(primary_key=True)
    date: Mapped[dt.date] = mapped_column(primary_key=True)
    is_instructional: Mapped[bool]
    term_code: Mapped[str | None]
    known_at: Mapped[dt.datetime] = known_at()
    import_id: Mapped[int | None] = import_id()


class SessionType(StrEnum):
    """What part of a school year an academic session is (OneRoster)."""

    SCHOOL_YEAR = "schoolYear"
    SEMESTER = "semester"
    TERM = "term"
    GRADING_PERIOD = "gradingPeriod"


@versioned
class AcademicSession(TenantOwned):
    """A school year, or a part of one. Grain: one row per (tenant, session)."""

    __tablename__ = "academic_sessions"
    __table_args__ = (
        UniqueConstraint("tenant_id", "session_code"),
        references("academic_sessions", "parent_session_id", target=["session_id"]),
        CheckConstraint("ends_on >= starts_on", name="ends_after_start"),
        Index(None, "tenant_id", "parent_session_id"),
    )

    session_id: Mapped[UUID] = entity_id()
    session_code: Mapped[str] = mapped_column(comment="such as 2026-S1")
    title: Mapped[str]
    session_type: Mapped[SessionType] = mapped_column(text_enum(SessionType))
    starts_on: Mapped[date]
    ends_on: Mapped[date] = mapped_column(comment="last day")
    school_year: Mapped[int] = mapped_column(SmallInteger, comment="the calendar year it ends in")
    parent_session_id: Mapped[UUID | None]
    known_at: Mapped[datetime] = known_at()
    import_id: Mapped[int | None] = import_id()
    created_at: Mapped[datetime] = created_at()

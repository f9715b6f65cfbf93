"""Tables of activity."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index
from sqlalchemy.orm import Mapped, mapped_column

from rollbook.core.schema import StudentOwned, known_at, references, versioned


@versioned
class AnalyticsEvent(StudentOwned):
    """What a student did in a section on a day. Grain: one row per (tenant, student, section, day, type)."""

    __tablename__ = "analytics_events"
    __table_args__ = (
        references("students", "student_id"),
        references("sections", "section_id"),
        CheckConstraint("event_count > 0", name="event_count_positive"),
        Index(None, "tenant_id", "section_id", "event_on"),
        {"postgresql_partition_by": "RANGE (event_on)"},
    )

    student_id: Mapped[UUID] = mapped_column(primary_key=True)
    section_id: Mapped[UUID] = mapped_column(primary_key=True)
    event_on: Mapped[date] = mapped_column(primary_key=True)
    event_type: Mapped[str] = mapped_column(primary_key=True, comment="such as clicks")
    event_count: Mapped[int] = mapped_column(comment="how often on that day")
    known_at: Mapped[datetime] = known_at()

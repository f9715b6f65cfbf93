"""Tables of conduct."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, SmallInteger
from sqlalchemy.orm import Mapped, mapped_column

from rollbook.core.schema import (
    StudentOwned,
    created_at,
    entity_id,
    import_id,
    known_at,
    references,
    versioned,
)


@versioned
class DisciplineIncident(StudentOwned):
    """A student's part in an incident. Grain: one row per (tenant, incident)."""

    __tablename__ = "discipline_incidents"
    __table_args__ = (
        references("students", "student_id"),
        CheckConstraint("severity_level BETWEEN 1 AND 5", name="severity_level_range"),
        Index(None, "tenant_id", "student_id", "incident_on"),
    )

    incident_id: Mapped[UUID] = entity_id()
    student_id: Mapped[UUID]
    incident_on: Mapped[date]
    incident_type: Mapped[str]
    severity_level: Mapped[int] = mapped_column(SmallInteger, comment="1 minor ... 5 critical")
    description: Mapped[str | None]
    action_taken: Mapped[str | None]
    known_at: Mapped[datetime] = known_at()
    import_id: Mapped[int | None] = import_id()
    created_at: Mapped[datetime] = created_at()

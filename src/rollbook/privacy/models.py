"""Tables of privacy."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index, text
from sqlalchemy.orm import Mapped, mapped_column

from rollbook.core.schema import StudentOwned, entity_id, references


class LegalHold(StudentOwned):
    """Nothing of the student may be erased or run out while it stands. Grain: one row per (tenant, hold)."""

    __tablename__ = "legal_holds"
    __table_args__ = (references("students", "student_id"), Index(None, "tenant_id", "student_id"))

    hold_id: Mapped[UUID] = entity_id()
    student_id: Mapped[UUID]
    reason: Mapped[str]
    placed_by: Mapped[str] = mapped_column(comment="the account on the machine")
    placed_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    ended_at: Mapped[datetime | None]

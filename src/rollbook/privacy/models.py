"""Tables of privacy."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from rollbook.core.schema import StudentOwned, TenantOwned, entity_id, known_at, references, versioned


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


class AmendmentRequest(StudentOwned):
    """A family asks to amend a record. Grain: one row per (tenant, request).

    A refused one may have a statement of the family, which is a part of the record from then on.
    Source: 34 CFR 99.20-99.22.
    """

    __tablename__ = "amendment_requests"
    __table_args__ = (
        references("students", "student_id"),
        Index(None, "tenant_id", "student_id"),
        CheckConstraint("state IN ('asked', 'heard', 'granted', 'refused')", name="state_known"),
        CheckConstraint(
            "(state IN ('granted', 'refused')) = (decided_at IS NOT NULL AND decision IS NOT NULL)",
            name="decided_with_reason",
        ),
        CheckConstraint("statement IS NULL OR state = 'refused'", name="statement_where_refused"),
    )

    amendment_id: Mapped[UUID] = entity_id()
    student_id: Mapped[UUID]
    about: Mapped[str] = mapped_column(comment="the part of the record, a table's name")
    asked: Mapped[str] = mapped_column(comment="what is wrong, and what it should say")
    asked_by: Mapped[str] = mapped_column(comment="who of the family, or staff for them")
    asked_at: Mapped[datetime]
    state: Mapped[str] = mapped_column(comment="asked, granted, refused or heard")
    decision: Mapped[str | None] = mapped_column(comment="the reason, told to the family")
    decided_by: Mapped[str | None]
    decided_at: Mapped[datetime | None]
    hearing_on: Mapped[date | None]
    statement: Mapped[str | None] = mapped_column(comment="the family's own; shown with the record")
    stated_at: Mapped[datetime | None]


@versioned
class RetentionRule(TenantOwned):
    """How long a tenant keeps the rows of a table, where not as long as by default.

    Grain: one row per (tenant, table). Seen by those who see the whole tenant.
    """

    __tablename__ = "retention_rules"
    __table_args__ = (
        CheckConstraint(
            "keep_years BETWEEN 0 AND 200 AND keep_days BETWEEN 0 AND 36500 AND keep_years + keep_days > 0",
            name="keep_some_time",
        ),
    )

    table_name: Mapped[str] = mapped_column(primary_key=True, sort_order=-9)
    keep_years: Mapped[int]
    keep_days: Mapped[int] = mapped_column(comment="beside the years")
    reason: Mapped[str]
    changed_by: Mapped[str] = mapped_column(comment="the account on the machine")
    known_at: Mapped[datetime] = known_at()

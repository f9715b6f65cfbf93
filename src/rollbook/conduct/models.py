"""Tables of conduct."""

from datetime import date, datetime, time
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, Numeric, SmallInteger, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from rollbook.core.schema import (
    StudentOwned,
    TenantOwned,
    created_at,
    entity_id,
    import_id,
    known_at,
    references,
    text_enum,
    versioned,
)


class ParticipantRole(StrEnum):
    """What part a student had in an incident."""

    PERPETRATOR = "perpetrator"
    VICTIM = "victim"
    WITNESS = "witness"
    REPORTER = "reporter"
    OTHER = "other"


@versioned
class DisciplineIncident(TenantOwned):
    """Something that happened, whoever took part. Grain: one row per (tenant, incident).

    A transaction sees it if it sees one of its participants.
    """

    __tablename__ = "discipline_incidents"
    __table_args__ = (
        UniqueConstraint("tenant_id", "incident_number"),
        references("schools", "school_id"),
        references("staff", "reported_by_staff_id", target=["staff_id"]),
        CheckConstraint("severity_level BETWEEN 1 AND 5", name="severity_level_range"),
        Index(None, "tenant_id", "incident_on", "incident_id"),
        Index(None, "tenant_id", "school_id", "incident_on"),
        Index(None, "tenant_id", "reported_by_staff_id"),
    )

    incident_id: Mapped[UUID] = entity_id()
    incident_number: Mapped[str] = mapped_column(
        # as PostgreSQL writes it, which is how the migration's is compared with this
        server_default=text("""('I-'::text || "right"((uuidv7())::text, 12))"""),
        comment="the district's own number",
    )
    school_id: Mapped[UUID | None] = mapped_column(comment="where; none where the source does not say")
    incident_on: Mapped[date]
    incident_time: Mapped[time | None] = mapped_column(comment="on the school's clock")
    incident_type: Mapped[str]
    severity_level: Mapped[int] = mapped_column(SmallInteger, comment="1 minor ... 5 critical")
    location: Mapped[str | None]
    description: Mapped[str | None] = mapped_column(comment="may name anybody: not for families")
    reported_by_staff_id: Mapped[UUID | None]
    reported_by: Mapped[str | None] = mapped_column(comment="where it was nobody of the staff")
    source_id: Mapped[str | None] = mapped_column(comment="what the source calls this row")
    known_at: Mapped[datetime] = known_at()
    import_id: Mapped[int | None] = import_id()
    created_at: Mapped[datetime] = created_at()


@versioned
class IncidentParticipant(StudentOwned):
    """A student's part in an incident. Grain: one row per (tenant, incident, student)."""

    __tablename__ = "incident_participants"
    __table_args__ = (
        references("discipline_incidents", "incident_id"),
        references("students", "student_id"),
        Index(None, "tenant_id", "student_id", "incident_id"),
    )

    incident_id: Mapped[UUID] = mapped_column(primary_key=True)
    student_id: Mapped[UUID] = mapped_column(primary_key=True)
    participant_role: Mapped[ParticipantRole] = mapped_column(text_enum(ParticipantRole))
    injury: Mapped[str | None] = mapped_column(comment="none = not hurt, or the source does not say")
    note: Mapped[str | None] = mapped_column(comment="what this student did or met; names nobody else")
    source_id: Mapped[str | None] = mapped_column(comment="what the source calls this row")
    known_at: Mapped[datetime] = known_at()
    import_id: Mapped[int | None] = import_id()


@versioned
class DisciplineAction(StudentOwned):
    """What was done about a student's part in an incident. Grain: one row per (tenant, action)."""

    __tablename__ = "discipline_actions"
    __table_args__ = (
        references("incident_participants", "incident_id", "student_id"),
        UniqueConstraint(
            "tenant_id",
            "incident_id",
            "student_id",
            "action_type",
            "starts_on",
            name="uq_discipline_actions_once",
            postgresql_nulls_not_distinct=True,
        ),
        CheckConstraint("ends_on >= starts_on", name="ends_after_start"),
        CheckConstraint("days_lost >= 0", name="days_lost_range"),
        Index(None, "tenant_id", "student_id", "starts_on"),
    )

    action_id: Mapped[UUID] = entity_id()
    incident_id: Mapped[UUID]
    student_id: Mapped[UUID]
    action_type: Mapped[str]
    starts_on: Mapped[date | None] = mapped_column(comment="none = the day is not recorded")
    ends_on: Mapped[date | None] = mapped_column(comment="last day")
    days_lost: Mapped[float | None] = mapped_column(Numeric(5, 1), comment="school days away from class")
    notes: Mapped[str | None]
    source_id: Mapped[str | None] = mapped_column(comment="what the source calls this row")
    known_at: Mapped[datetime] = known_at()
    import_id: Mapped[int | None] = import_id()
    created_at: Mapped[datetime] = created_at()

"""Tables of intake."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index, text
from sqlalchemy.orm import Mapped, mapped_column

from rollbook.core.schema import Json, TenantOwned, import_id, known_at, versioned


@versioned
class SourceRecord(TenantOwned):
    """What a source calls something, and what it says of it that no column of ours holds.

    Grain: one row per (tenant, source, record type, source id, entity type). Who is both a teacher and a
    guardian has two; what no room keeps has one, without an entity. Nothing that a source said is lost, and
    an export can give it back. Seen by those who see the whole tenant: facts may be about anyone.
    """

    __tablename__ = "source_records"
    __table_args__ = (
        Index(None, "tenant_id", "entity_id"),
        Index(None, "tenant_id", "record_type", "source_id"),
    )

    source: Mapped[str] = mapped_column(primary_key=True, comment="the system it came from")
    record_type: Mapped[str] = mapped_column(primary_key=True, comment="the source's table, such as users")
    source_id: Mapped[str] = mapped_column(primary_key=True, comment="its id there")
    entity_type: Mapped[str] = mapped_column(
        primary_key=True, server_default=text("''"), comment="our table; empty where none keeps it"
    )
    entity_id: Mapped[UUID | None] = mapped_column(comment="its id in our table")
    facts: Mapped[Json] = mapped_column(
        server_default=text("'{}'"), comment="what else the source said of it"
    )
    known_at: Mapped[datetime] = known_at()
    import_id: Mapped[int | None] = import_id()

"""Tables of intake."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Identity,
    Index,
    Integer,
    LargeBinary,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from rollbook.core.encryption import Sealed
from rollbook.core.schema import (
    Json,
    TenantOwned,
    created_at,
    entity_id,
    import_id,
    known_at,
    references,
    text_enum,
    versioned,
)


class ImportState(StrEnum):
    """How far an import came. One that is running, and whose process is gone, is shown as lost."""

    RUNNING = "running"
    DONE = "done"
    REFUSED = "refused"
    FAILED = "failed"
    UNDONE = "undone"


class Import(TenantOwned):
    """An import's receipt: who brought in what, when, and what came of it.

    Grain: one row per (tenant, import). It is there before the first file is read. Seen by those who see
    the whole tenant.
    """

    __tablename__ = "imports"
    __table_args__ = (CheckConstraint("(state = 'undone') = (undone_at IS NOT NULL)", name="undone_once"),)

    import_id: Mapped[int] = mapped_column(Integer, Identity(always=True), primary_key=True, sort_order=-9)
    state: Mapped[ImportState] = mapped_column(text_enum(ImportState), server_default="running")
    format: Mapped[str] = mapped_column(comment="for people: oneroster 1.2, csv attendance")
    format_key: Mapped[str] = mapped_column(comment="what the format is registered under")
    options: Mapped[Json] = mapped_column(
        server_default=text("'{}'"), comment="what a retry needs to build the format again"
    )
    source: Mapped[str] = mapped_column(comment="the system it came from")
    who: Mapped[str]
    started_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    finished_at: Mapped[datetime | None]
    file_name: Mapped[str]
    sha256: Mapped[str] = mapped_column(comment="of the file as it came; of a folder, of its files'")
    files: Mapped[list[Any]] = mapped_column(
        JSONB, server_default=text("'[]'"), comment="name, rows read, rejected, columns and SHA-256 of each"
    )
    counts: Mapped[Json] = mapped_column(
        server_default=text("'{}'"), comment="per table: new, changed, closed, deleted, unchanged"
    )
    rejected: Mapped[int] = mapped_column(server_default=text("0"), comment="lines that were left out")
    accepted: Mapped[list[Any]] = mapped_column(
        JSONB, server_default=text("'[]'"), comment="tables that were allowed to shrink"
    )
    liberties: Mapped[list[Any]] = mapped_column(
        JSONB, server_default=text("'[]'"), comment="what was forgiven, in which file, how often"
    )
    reason: Mapped[str | None] = mapped_column(comment="why it was refused or failed")
    retry_of: Mapped[int | None] = mapped_column(comment="the import whose fixed rejects these are")
    undone_at: Mapped[datetime | None]
    undone_by: Mapped[str | None]


class IntakeReject(TenantOwned):
    """What is wrong with a rejected line, which may have several faults.

    Grain: one row per (tenant, import, fault). Kept until the line was fixed, or for a time. Its fields are
    a pupil's: seen by those who see the whole tenant, and never logged.
    """

    __tablename__ = "intake_rejects"
    __table_args__ = (
        references("imports", "import_id"),
        Index(None, "tenant_id", "import_id", "file", "line"),
    )

    import_id: Mapped[int] = mapped_column(primary_key=True, sort_order=-9)
    reject_id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True, sort_order=-8)
    file: Mapped[str]
    line: Mapped[int] = mapped_column(BigInteger)
    column_name: Mapped[str | None]
    value_class: Mapped[str] = mapped_column(comment="what kind of value it was: empty, digits, letters ...")
    reason: Mapped[str]
    cause: Mapped[str] = mapped_column(comment="what many rejects have in common, without a pupil's data")
    fields: Mapped[Json] = mapped_column(comment="the line's values by column, as they came")


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


class ErasedName(TenantOwned):
    """What a source calls somebody whose record was erased, so that an import does not bring them back.

    Grain: one row per (tenant, name). Only a digest, with the tenant's key in erasure_keys.
    """

    __tablename__ = "erased_names"

    digest: Mapped[bytes] = mapped_column(
        LargeBinary, primary_key=True, comment="HMAC-SHA-256 with the key in erasure_keys"
    )
    erasure_id: Mapped[int]


class ErasureKey(TenantOwned):
    """What the digests of a tenant's erased names are made with. Grain: one row per tenant.

    Encrypted: who has a copy of the database, without the key ring, cannot try numbers until one fits.
    """

    __tablename__ = "erasure_keys"
    __table_args__ = (UniqueConstraint("tenant_id"),)

    key_id: Mapped[UUID] = entity_id()
    secret: Mapped[bytes] = mapped_column(
        Sealed, comment="32 random bytes in hexadecimal digits; encrypted for key_id"
    )
    created_at: Mapped[datetime] = created_at()

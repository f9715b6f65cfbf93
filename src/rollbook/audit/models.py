"""Tables of audit. The app writes none of them by hand: triggers and definer functions do, for it."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Identity,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    SmallInteger,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from rollbook.core.schema import Base, Json, StudentOwned, TenantOwned


class AuditWrite(Base):
    """What one statement did to one table.

    Grain: one row per (tenant, statement, table); partitioned by month of ``at`` (UTC). ``changes`` has each
    row's key, and of an update the old and new values of what changed, of a delete the old ones; of more than
    1,000 rows there is only ``digest``: their versions are in the table and its history. No key to tenants:
    the audit outlives what it is about.
    """

    __tablename__ = "audit_writes"
    __table_args__ = (
        PrimaryKeyConstraint("tenant_id", "write_id", "at"),
        {"postgresql_partition_by": "RANGE (at)"},
    )

    tenant_id: Mapped[int] = mapped_column(Integer)
    write_id: Mapped[int] = mapped_column(BigInteger, autoincrement=False)
    at: Mapped[datetime]
    transaction_id: Mapped[int] = mapped_column(BigInteger)
    session_role: Mapped[str] = mapped_column(comment="the database's role that was connected")
    acting_role: Mapped[str] = mapped_column(comment="the role that it had taken on, if another")
    who: Mapped[str] = mapped_column(comment="the account on the machine, of a command")
    user_id: Mapped[UUID | None] = mapped_column(comment="who was signed in")
    request_id: Mapped[str]
    purpose: Mapped[str] = mapped_column(comment="the command, or the route")
    table_name: Mapped[str]
    command: Mapped[str] = mapped_column(comment="INSERT, UPDATE, DELETE, or LOAD of whole months")
    row_count: Mapped[int] = mapped_column(BigInteger)
    by_import: Mapped[int | None] = mapped_column(Integer, comment="the import that wrote")
    changes: Mapped[list[object] | None] = mapped_column(JSONB)
    digest: Mapped[str | None] = mapped_column(comment="of the rows' keys, in any order")


class Disclosure(StudentOwned):
    """A student's record was shown to someone.

    Grain: one row per (tenant, request, student); partitioned by month of ``at`` (UTC).
    Source: 34 CFR 99.32 asks who obtained the record, and which legitimate interest they had.
    """

    __tablename__ = "disclosures"
    __table_args__ = (
        PrimaryKeyConstraint("tenant_id", "disclosure_id", "at"),
        Index(None, "tenant_id", "student_id", "at"),
        {"postgresql_partition_by": "RANGE (at)"},
    )

    tenant_id: Mapped[int] = mapped_column(Integer, sort_order=-10)
    disclosure_id: Mapped[int] = mapped_column(BigInteger, autoincrement=False)
    at: Mapped[datetime]
    transaction_id: Mapped[int] = mapped_column(BigInteger)
    student_id: Mapped[UUID]
    who: Mapped[str] = mapped_column(comment="the account on the machine, of a command")
    user_id: Mapped[UUID | None] = mapped_column(comment="who was signed in")
    request_id: Mapped[str]
    what: Mapped[str] = mapped_column(comment="the page, endpoint or file")
    interest: Mapped[str] = mapped_column(comment="by which rule they may see the student")
    purpose: Mapped[str | None] = mapped_column(comment="what they said they need it for")
    redaction: Mapped[Json | None] = mapped_column(comment="in place of the purpose, after an erasure")


class AuditSeal(TenantOwned):
    """What a block of a log was when it was closed.

    Grain: one row per (tenant, seal); both logs are in one chain. A block is the rows whose id is over
    ``after_id`` and up to ``last_id``.
    """

    __tablename__ = "audit_seals"

    seal_no: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False, sort_order=-9)
    log: Mapped[str] = mapped_column(comment="writes or disclosures")
    after_id: Mapped[int] = mapped_column(BigInteger)
    last_id: Mapped[int] = mapped_column(BigInteger)
    row_count: Mapped[int] = mapped_column(BigInteger)
    root: Mapped[bytes] = mapped_column(LargeBinary, comment="SHA-256 over ids and rows in order")
    row_ids: Mapped[list[int]] = mapped_column(
        ARRAY(BigInteger), comment="to tell which row was tampered with"
    )
    marks: Mapped[list[int]] = mapped_column(ARRAY(BigInteger), comment="8 bytes of each row's SHA-256")
    previous_hash: Mapped[bytes] = mapped_column(LargeBinary)
    hash: Mapped[bytes] = mapped_column(LargeBinary, comment="SHA-256 over all of the above")
    sealed_at: Mapped[datetime]
    leaf_version: Mapped[int] = mapped_column(
        SmallInteger,
        server_default="1",
        comment="2: what was changed is taken by its digest, so that an erasure leaves the leaf as is",
    )


class AuditRedaction(TenantOwned):
    """A value that a lawful erasure took out of a log. Grain: one row per (tenant, log, row, change).

    A redaction in a log that is not here was made by somebody who hides something.
    """

    __tablename__ = "audit_redactions"

    log: Mapped[str] = mapped_column(primary_key=True, comment="writes or disclosures")
    row_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    place: Mapped[int] = mapped_column(
        primary_key=True, autoincrement=False, comment="which of its changes, from 1"
    )
    erasure_id: Mapped[int]
    digest: Mapped[str] = mapped_column(comment="SHA-256 of what stood there, or random before a seal")


class Erasure(TenantOwned):
    """That a student's record was erased: by numbers, and by nothing that names them.

    Grain: one row per (tenant, erasure). Written as the owner.
    """

    __tablename__ = "erasures"

    erasure_id: Mapped[int] = mapped_column(Integer, Identity(), primary_key=True, sort_order=-9)
    erased_id: Mapped[UUID] = mapped_column(comment="the id that the student had: random")
    erased_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    erased_by: Mapped[str] = mapped_column(comment="the account on the machine")
    basis: Mapped[str] = mapped_column(comment="why; it names nobody")
    removed: Mapped[Json] = mapped_column(comment="rows by table")
    kept: Mapped[list[Any]] = mapped_column(JSONB, comment="what, how many rows, why")
    redactions: Mapped[int] = mapped_column(comment="entries of the logs without their values")

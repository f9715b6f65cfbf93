"""Tables of audit. The app writes none of them by hand: triggers and definer functions do, for it."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, Index, Integer, LargeBinary, PrimaryKeyConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from rollbook.core.schema import Base, StudentOwned, TenantOwned


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

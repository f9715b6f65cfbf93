"""Tables of what slows guessing."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, Integer, LargeBinary, text
from sqlalchemy.orm import Mapped, mapped_column

from rollbook.core.schema import Base, TenantOwned, created_at, references


class SignInTries(Base):
    """Failed sign-ins, counted. Grain: one row per key: an email and a place, an email, a network, a device.

    A row is seen only by who names its key.
    """

    __tablename__ = "sign_in_tries"
    __table_args__ = (
        CheckConstraint("tenant_id = 0", name="no_tenant"),
        Index(None, "last_failed_at"),
    )

    tenant_id: Mapped[int] = mapped_column(
        Integer, primary_key=True, autoincrement=False, comment="0: a try belongs to no tenant"
    )
    key_hash: Mapped[bytes] = mapped_column(
        LargeBinary, primary_key=True, comment="SHA-256 of what is counted"
    )
    failures: Mapped[float] = mapped_column(comment="fewer with time: halved each half-life")
    last_failed_at: Mapped[datetime]
    waits_until: Mapped[datetime]


class KnownDevice(TenantOwned):
    """A browser that a user signed in with. Grain: one row per (tenant, token hash).

    Nothing is opened by it: whoever shows its token is not held up by strangers' guesses.
    """

    __tablename__ = "known_devices"
    __table_args__ = (
        references("users", "user_id"),
        Index(None, "tenant_id", "user_id"),
        Index("ix_known_devices_token_hash", "token_hash"),
    )

    token_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True, comment="SHA-256 of the token")
    user_id: Mapped[UUID]
    last_used_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    created_at: Mapped[datetime] = created_at()

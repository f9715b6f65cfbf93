"""Tables of second factors."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, LargeBinary, text
from sqlalchemy.orm import Mapped, mapped_column

from rollbook.core.encryption import Sealed
from rollbook.core.schema import TenantOwned, created_at, references


class TotpSecret(TenantOwned):
    """What a user's authenticator app makes codes from. Grain: at most one row per (tenant, user)."""

    __tablename__ = "totp_secrets"
    __table_args__ = (references("users", "user_id"),)

    user_id: Mapped[UUID] = mapped_column(primary_key=True)
    secret: Mapped[bytes] = mapped_column(Sealed, comment="base32, RFC 6238; encrypted for user_id")
    confirmed_at: Mapped[datetime | None] = mapped_column(comment="until then it is asked of nobody")
    last_step: Mapped[int] = mapped_column(
        BigInteger,
        server_default=text("0"),
        comment="half minutes since 1970; no code of this one or an earlier one is taken again",
    )
    created_at: Mapped[datetime] = created_at()


class RecoveryCode(TenantOwned):
    """A code that stands in for a lost app, once. Grain: one row per (tenant, user, code); gone when used."""

    __tablename__ = "recovery_codes"
    __table_args__ = (references("users", "user_id"),)

    user_id: Mapped[UUID] = mapped_column(primary_key=True)
    code_hash: Mapped[bytes] = mapped_column(
        LargeBinary, primary_key=True, comment="SHA-256 of 80 random bits"
    )
    created_at: Mapped[datetime] = created_at()

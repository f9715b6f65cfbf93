"""Tables of how programs come in: keys, and tokens for them."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, LargeBinary, Text, UniqueConstraint
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from rollbook.core.schema import TenantOwned, created_at, entity_id, references


class ApiKey(TenantOwned):
    """What a program shows to act for a user. Grain: one row per (tenant, key); it is told once."""

    __tablename__ = "api_keys"
    __table_args__ = (
        references("users", "user_id"),
        UniqueConstraint("tenant_id", "prefix"),
        CheckConstraint("scopes <@ ARRAY['read', 'write'] AND cardinality(scopes) > 0", name="scopes_known"),
        Index("ix_api_keys_key_hash", "key_hash"),
        Index(None, "tenant_id", "user_id"),
    )

    key_id: Mapped[UUID] = entity_id()
    user_id: Mapped[UUID]
    name: Mapped[str] = mapped_column(comment="what it is for")
    prefix: Mapped[str] = mapped_column(comment="how it begins; an OAuth client's id")
    key_hash: Mapped[bytes] = mapped_column(LargeBinary, comment="SHA-256 of the key")
    scopes: Mapped[list[str]] = mapped_column(ARRAY(Text))
    expires_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None] = mapped_column(comment="exact to a minute")
    revoked_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = created_at()


class AccessToken(TenantOwned):
    """What a service was given for its key, for some minutes. Grain: one row per (tenant, token hash)."""

    __tablename__ = "access_tokens"
    __table_args__ = (
        references("api_keys", "key_id"),
        Index("ix_access_tokens_token_hash", "token_hash"),
        Index(None, "tenant_id", "key_id"),
    )

    token_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True, comment="SHA-256 of the token")
    key_id: Mapped[UUID]
    scopes: Mapped[list[str]] = mapped_column(ARRAY(Text))
    expires_at: Mapped[datetime]
    created_at: Mapped[datetime] = created_at()

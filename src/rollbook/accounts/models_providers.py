"""Tables of sign-in by a provider (OpenID Connect)."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from rollbook.core.schema import TenantOwned, created_at, entity_id, references, text_enum


class ClientAuth(StrEnum):
    """How Rollbook proves to a provider that it is itself, as OpenID Connect names it."""

    BASIC = "client_secret_basic"
    POST = "client_secret_post"
    NONE = "none"


class IdentityProvider(TenantOwned):
    """Where a tenant's people sign in instead of here. Grain: one row per (tenant, provider).

    Its client secret is in a file (``ROLLBOOK_OIDC_SECRETS``), not here.
    """

    __tablename__ = "identity_providers"
    __table_args__ = (
        UniqueConstraint("tenant_id", "name"),
        UniqueConstraint("tenant_id", "issuer", "client_id"),
        CheckConstraint("name ~ '^[a-z0-9][a-z0-9-]{0,62}$'", name="name_form"),
    )

    provider_id: Mapped[UUID] = entity_id()
    name: Mapped[str] = mapped_column(comment="what commands and addresses call it")
    label: Mapped[str] = mapped_column(comment="what the button says after 'Sign in with'")
    issuer: Mapped[str] = mapped_column(comment="its address, exactly as its tokens say it")
    client_id: Mapped[str] = mapped_column(comment="what it calls this Rollbook")
    client_auth: Mapped[ClientAuth] = mapped_column(text_enum(ClientAuth))
    second_factors: Mapped[list[str]] = mapped_column(
        ARRAY(Text),
        server_default=text("'{}'"),
        comment="values of acr or amr in its tokens that are a second factor to the tenant",
    )
    replaces_passwords: Mapped[bool] = mapped_column(
        server_default=text("false"), comment="while it is active no password of the tenant lets in"
    )
    is_active: Mapped[bool] = mapped_column(server_default=text("true"))
    created_at: Mapped[datetime] = created_at()


class IdentityLink(TenantOwned):
    """Who of the tenant someone is at a provider. Grain: one row per (tenant, issuer, subject).

    Made at the first sign-in, by a verified email; from then on the email at the provider does not matter.
    """

    __tablename__ = "identity_links"
    __table_args__ = (
        references("users", "user_id"),
        UniqueConstraint("tenant_id", "user_id", "issuer"),
    )

    issuer: Mapped[str] = mapped_column(primary_key=True)
    subject: Mapped[str] = mapped_column(primary_key=True, comment="what the issuer calls the person")
    user_id: Mapped[UUID]
    last_used_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    created_at: Mapped[datetime] = created_at()

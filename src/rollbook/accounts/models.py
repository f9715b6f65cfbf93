"""Tables of accounts."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, LargeBinary, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from rollbook.core.schema import TenantOwned, created_at, entity_id, references, text_enum


class Role(StrEnum):
    """What a user is in the tenant; access turns it into what they may see."""

    TEACHER = "teacher"
    COUNSELOR = "counselor"
    PRINCIPAL = "principal"
    REGISTRAR = "registrar"
    DISTRICT_ADMIN = "district_admin"
    STAFF = "staff"
    STUDENT = "student"
    GUARDIAN = "guardian"
    RESEARCHER = "researcher"
    AUDITOR = "auditor"
    SERVICE = "service"

    @property
    def is_family(self) -> bool:
        """Whether it is the student, or who answers for the student: nobody of the school."""
        return self in {Role.STUDENT, Role.GUARDIAN}


class Awaited(StrEnum):
    """What a user still has to show or to choose before their session opens anything."""

    CODE = "code"
    NEW_PASSWORD = "new_password"  # noqa: S105 -- the name of a step


class User(TenantOwned):
    """One identity in one tenant. Grain: one row per (tenant, user).

    The policy also shows the row to whoever names its email at sign-in, before a tenant is known.
    """

    __tablename__ = "users"
    __table_args__ = (
        UniqueConstraint("tenant_id", "email"),
        CheckConstraint("email = lower(email)", name="email_lower"),
        Index("ix_users_email", "email"),
        Index("ix_users_bcrypt", "tenant_id", postgresql_where=text("password_hash LIKE '$2_$__$%'")),
    )

    user_id: Mapped[UUID] = entity_id()
    email: Mapped[str]
    full_name: Mapped[str]
    role: Mapped[Role] = mapped_column(text_enum(Role))
    password_hash: Mapped[str | None] = mapped_column(
        comment="argon2id, PHC string; until the first sign-in bcrypt of an older system; none = no password"
    )
    password_changed_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    must_change_password: Mapped[bool] = mapped_column(
        server_default=text("false"), comment="somebody else knows it, or it is shorter than is asked now"
    )
    is_active: Mapped[bool] = mapped_column(server_default=text("true"))
    created_at: Mapped[datetime] = created_at()


class UserSession(TenantOwned):
    """One sign-in. Grain: one row per (tenant, token hash); the token itself is only in the cookie."""

    __tablename__ = "user_sessions"
    __table_args__ = (
        references("users", "user_id"),
        references("identity_providers", "provider_id"),
        UniqueConstraint("tenant_id", "session_id"),
        Index(None, "tenant_id", "user_id"),
        Index(None, "tenant_id", "provider_id"),
        Index("ix_user_sessions_token_hash", "token_hash"),
    )

    token_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True, comment="SHA-256 of the token")
    session_id: Mapped[UUID] = mapped_column(
        server_default=text("uuidv7()"), comment="what a page calls it; opens nothing"
    )
    user_id: Mapped[UUID]
    awaits: Mapped[Awaited | None] = mapped_column(
        text_enum(Awaited), comment="until then the session opens nothing else"
    )
    second_factor_at: Mapped[datetime | None] = mapped_column(comment="when a second factor was shown")
    provider_id: Mapped[UUID | None] = mapped_column(comment="by which it began; none = by a password")
    provider_session: Mapped[str | None] = mapped_column(
        comment="what the provider calls its own session (sid)"
    )
    network: Mapped[str] = mapped_column(server_default="", comment="last seen from: a /24, or a /48 of IPv6")
    device: Mapped[str] = mapped_column(server_default="", comment="kind of browser and system")
    created_at: Mapped[datetime] = created_at()
    last_seen_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    expires_at: Mapped[datetime] = mapped_column(comment="absolute end; an idle end comes before it")

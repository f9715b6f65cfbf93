"""Tables of what a user is granted beside their work, and of what they prefer."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from rollbook.core.schema import TenantOwned, created_at, entity_id, references, text_enum


class GrantScope(StrEnum):
    """How far a grant reaches."""

    TENANT = "tenant"
    SCHOOL = "school"
    SECTION = "section"
    STUDENT = "student"


class UserGrant(TenantOwned):
    """Students whom a user may see beside those of their work. Grain: one row per (tenant, grant).

    In force in [begins_on, ends_on). It is ended, never deleted. ``scope_id`` names a row of a room above.
    """

    __tablename__ = "user_grants"
    __table_args__ = (
        references("users", "user_id"),
        CheckConstraint("(scope = 'tenant') = (scope_id IS NULL)", name="scope_named"),
        CheckConstraint("ends_on >= begins_on", name="ends_after_beginning"),
        Index(None, "tenant_id", "user_id"),
    )

    grant_id: Mapped[UUID] = entity_id()
    user_id: Mapped[UUID]
    scope: Mapped[GrantScope] = mapped_column(text_enum(GrantScope))
    scope_id: Mapped[UUID | None] = mapped_column(comment="of the school, section or student")
    begins_on: Mapped[date]
    ends_on: Mapped[date | None] = mapped_column(comment="first day without it; none = until taken back")
    may_write: Mapped[bool] = mapped_column(
        server_default=text("false"),
        comment="what the role writes, it writes about these students too",
        sort_order=95,
    )
    reason: Mapped[str] = mapped_column(comment="why they need it; who asks is told")
    created_at: Mapped[datetime] = created_at()


class UserPreference(TenantOwned):
    """How a user likes it. Grain: one row per (tenant, user, name)."""

    __tablename__ = "user_preferences"
    __table_args__ = (
        references("users", "user_id"),
        CheckConstraint("name ~ '^[a-z][a-z_]{0,62}$'", name="name_form"),
        CheckConstraint("octet_length(cast(value AS text)) <= 4096", name="value_is_short"),
    )

    user_id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[Any] = mapped_column(JSONB)
    changed_at: Mapped[datetime] = mapped_column(server_default=text("now()"))

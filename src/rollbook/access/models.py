"""Tables of who looks at the database without a door."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index
from sqlalchemy.orm import Mapped, mapped_column

from rollbook.core.schema import TenantOwned, created_at, references


class BiRole(TenantOwned):
    """A login role of the server for BI, Grafana or psql. Grain: one row per (tenant, role of the server).

    Policies find the row by ``current_user``, which nobody can set. Only the owner writes here.
    """

    __tablename__ = "bi_roles"
    __table_args__ = (
        references("schools", "school_id"),
        CheckConstraint("role_name ~ '^[a-z][a-z0-9_]{0,62}$'", name="role_name_form"),
        Index(None, "tenant_id", "school_id"),
    )

    role_name: Mapped[str] = mapped_column(primary_key=True, comment="as PostgreSQL knows it")
    school_id: Mapped[UUID | None] = mapped_column(comment="all it sees students of; none = the tenant")
    created_at: Mapped[datetime] = created_at()

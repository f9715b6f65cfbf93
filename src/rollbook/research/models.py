"""Tables of research."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index, SmallInteger, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from rollbook.core.encryption import Sealed
from rollbook.core.schema import Json, TenantOwned, created_at, entity_id, references


class ResearchProject(TenantOwned):
    """What copies are made for: its secret makes its pseudonyms, and shifts its dates.

    Grain: one row per (tenant, project). Seen by those who see the whole tenant, and encrypted: whoever has
    the secret can tell which pseudonym is whose.
    """

    __tablename__ = "research_projects"
    __table_args__ = (UniqueConstraint("tenant_id", "name"),)

    project_id: Mapped[UUID] = entity_id()
    name: Mapped[str]
    secret: Mapped[bytes] = mapped_column(
        Sealed, comment="32 random bytes in hexadecimal digits; encrypted for project_id"
    )
    created_at: Mapped[datetime] = created_at()


class ResearchCopy(TenantOwned):
    """A copy that was made, and what it promises. Grain: one row per (tenant, copy)."""

    __tablename__ = "research_copies"
    __table_args__ = (
        references("research_projects", "project_id"),
        Index(None, "tenant_id", "project_id"),
    )

    copy_id: Mapped[UUID] = entity_id()
    project_id: Mapped[UUID]
    k: Mapped[int] = mapped_column(SmallInteger, comment="achieved: as few students look alike at least")
    manifest: Mapped[Json] = mapped_column(comment="what was generalised, suppressed and achieved")
    created_at: Mapped[datetime] = created_at()

"""Keep research projects, whose secrets make pseudonyms, and the copies that were made for them."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from rollbook.migrations import ddl, ddl_audit, ddl_scope

revision = "20261121_1300"
down_revision = "20261121_1200"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "research_projects",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("project_id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column(
            "secret", sa.LargeBinary(), nullable=False, comment="32 random bytes; never leaves the database"
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenants.tenant_id"], name=op.f("fk_research_projects_tenant_id")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "project_id", name=op.f("pk_research_projects")),
        sa.UniqueConstraint("tenant_id", "name", name=op.f("uq_research_projects_tenant_id_name")),
    )
    op.create_table(
        "research_copies",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("copy_id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("project_id", sa.Uuid(), nullable=False),
        sa.Column(
            "k", sa.SmallInteger(), nullable=False, comment="achieved: as few students look alike at least"
        ),
        sa.Column(
            "manifest",
            postgresql.JSONB(),
            nullable=False,
            comment="what was generalised, suppressed and achieved",
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "project_id"],
            ["research_projects.tenant_id", "research_projects.project_id"],
            name=op.f("fk_research_copies_tenant_id_project_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenants.tenant_id"], name=op.f("fk_research_copies_tenant_id")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "copy_id", name=op.f("pk_research_copies")),
    )
    op.create_index(
        op.f("ix_research_copies_tenant_id_project_id"), "research_copies", ["tenant_id", "project_id"]
    )
    for table in ("research_projects", "research_copies"):
        ddl.protect_by(table, ddl.WHOLE, check=ddl.WHOLE, may="SELECT, INSERT")
    ddl_audit.audit("research_projects", "research_copies")
    ddl_scope.read_scope_once()


def downgrade() -> None:
    op.drop_table("research_copies")
    op.drop_table("research_projects")

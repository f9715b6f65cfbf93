"""Create what sources call things, and what else they said."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from rollbook.migrations import ddl

revision = "20261121_0870"
down_revision = "20261121_0862"
branch_labels = None
depends_on = None

MAY = "SELECT, INSERT, UPDATE, DELETE"


def upgrade() -> None:
    op.create_table(
        "source_records",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False, comment="the system it came from"),
        sa.Column("record_type", sa.Text(), nullable=False, comment="the source's table, such as users"),
        sa.Column("source_id", sa.Text(), nullable=False, comment="its id there"),
        sa.Column(
            "entity_type",
            sa.Text(),
            server_default=sa.text("''"),
            nullable=False,
            comment="our table; empty where none keeps it",
        ),
        sa.Column("entity_id", sa.Uuid(), nullable=True, comment="its id in our table"),
        sa.Column(
            "facts",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'"),
            nullable=False,
            comment="what else the source said of it",
        ),
        sa.Column("known_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("import_id", sa.Integer(), nullable=True, comment="the import that wrote this version"),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenants.tenant_id"], name=op.f("fk_source_records_tenant_id")
        ),
        sa.PrimaryKeyConstraint(
            "tenant_id", "source", "record_type", "source_id", "entity_type", name=op.f("pk_source_records")
        ),
    )
    op.create_index(
        op.f("ix_source_records_tenant_id_entity_id"),
        "source_records",
        ["tenant_id", "entity_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_source_records_tenant_id_record_type_source_id"),
        "source_records",
        ["tenant_id", "record_type", "source_id"],
        unique=False,
    )
    ddl.protect_by("source_records", ddl.WHOLE, check=ddl.WHOLE, may=MAY)
    ddl.keep_versions("source_records", "source", "record_type", "source_id", "entity_type", rule=ddl.WHOLE)


def downgrade() -> None:
    ddl.drop_versions("source_records")
    op.drop_index(op.f("ix_source_records_tenant_id_record_type_source_id"), table_name="source_records")
    op.drop_index(op.f("ix_source_records_tenant_id_entity_id"), table_name="source_records")
    op.drop_table("source_records")

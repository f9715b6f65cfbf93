"""Let a family ask to amend a record, and keep their statement where it is refused (34 CFR 99.20-99.22)."""

import sqlalchemy as sa
from alembic import op

from rollbook.migrations import ddl, ddl_audit, ddl_scope

revision = "20261121_1210"
down_revision = "20261121_1300"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "amendment_requests",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("amendment_id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("student_id", sa.Uuid(), nullable=False),
        sa.Column("about", sa.Text(), nullable=False, comment="the part of the record, a table's name"),
        sa.Column("asked", sa.Text(), nullable=False, comment="what is wrong, and what it should say"),
        sa.Column("asked_by", sa.Text(), nullable=False, comment="who of the family, or staff for them"),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.Text(), nullable=False, comment="asked, granted, refused or heard"),
        sa.Column("decision", sa.Text(), nullable=True, comment="the reason, told to the family"),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("hearing_on", sa.Date(), nullable=True),
        sa.Column("statement", sa.Text(), nullable=True, comment="the family's own; shown with the record"),
        sa.Column("stated_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state IN ('asked', 'heard', 'granted', 'refused')", name="ck_amendment_requests_state_known"
        ),
        sa.CheckConstraint(
            "(state IN ('granted', 'refused')) = (decided_at IS NOT NULL AND decision IS NOT NULL)",
            name="ck_amendment_requests_decided_with_reason",
        ),
        sa.CheckConstraint(
            "statement IS NULL OR state = 'refused'", name="ck_amendment_requests_statement_where_refused"
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "student_id"],
            ["students.tenant_id", "students.student_id"],
            name=op.f("fk_amendment_requests_tenant_id_student_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "amendment_id", name=op.f("pk_amendment_requests")),
    )
    ddl.add_index(
        "amendment_requests", "ix_amendment_requests_tenant_id_student_id", "tenant_id", "student_id"
    )
    ddl.protect("amendment_requests", "student")
    ddl_audit.audit("amendment_requests")
    ddl_scope.read_scope_once()


def downgrade() -> None:
    op.drop_table("amendment_requests")

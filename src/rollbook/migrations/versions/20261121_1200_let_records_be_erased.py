"""Let a student's record be erased, and the seals tell it from tampering.

An erasure is done as the owner, which the web's role is not. New seals take what was changed by its digest,
change by change: see ddl_redaction. Seals made before stay as they are.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from rollbook.migrations import ddl, ddl_audit, ddl_redaction, ddl_scope, ddl_seals

revision = "20261121_1200"
down_revision = "20261121_1115"
branch_labels = None
depends_on = None

TENANT = ["tenants.tenant_id"]


def upgrade() -> None:
    op.create_table(
        "erasures",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("erasure_id", sa.Integer(), sa.Identity(), nullable=False),
        sa.Column("erased_id", sa.Uuid(), nullable=False, comment="the id that the student had: random"),
        sa.Column("erased_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("erased_by", sa.Text(), nullable=False, comment="the account on the machine"),
        sa.Column("basis", sa.Text(), nullable=False, comment="why; it names nobody"),
        sa.Column("removed", postgresql.JSONB(), nullable=False, comment="rows by table"),
        sa.Column("kept", postgresql.JSONB(), nullable=False, comment="what, how many rows, why"),
        sa.Column(
            "redactions", sa.Integer(), nullable=False, comment="entries of the logs without their values"
        ),
        sa.ForeignKeyConstraint(["tenant_id"], TENANT, name=op.f("fk_erasures_tenant_id")),
        sa.PrimaryKeyConstraint("tenant_id", "erasure_id", name=op.f("pk_erasures")),
    )
    op.create_table(
        "audit_redactions",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("log", sa.Text(), nullable=False, comment="writes or disclosures"),
        sa.Column("row_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column(
            "place", sa.Integer(), autoincrement=False, nullable=False, comment="which of its changes, from 1"
        ),
        sa.Column("erasure_id", sa.Integer(), nullable=False),
        sa.Column(
            "digest",
            sa.Text(),
            nullable=False,
            comment="SHA-256 of what stood there, or random before a seal",
        ),
        sa.ForeignKeyConstraint(["tenant_id"], TENANT, name=op.f("fk_audit_redactions_tenant_id")),
        sa.PrimaryKeyConstraint("tenant_id", "log", "row_id", "place", name=op.f("pk_audit_redactions")),
    )
    op.create_table(
        "erased_names",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False, comment="HMAC-SHA-256; its key is in a file"),
        sa.Column("erasure_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["tenant_id"], TENANT, name=op.f("fk_erased_names_tenant_id")),
        sa.PrimaryKeyConstraint("tenant_id", "digest", name=op.f("pk_erased_names")),
    )
    op.create_table(
        "legal_holds",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("hold_id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("student_id", sa.Uuid(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("placed_by", sa.Text(), nullable=False, comment="the account on the machine"),
        sa.Column("placed_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["tenant_id", "student_id"],
            ["students.tenant_id", "students.student_id"],
            name=op.f("fk_legal_holds_tenant_id_student_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "hold_id", name=op.f("pk_legal_holds")),
    )
    ddl.add_index("legal_holds", "ix_legal_holds_tenant_id_student_id", "tenant_id", "student_id")
    for table in ("erasures", "audit_redactions", "erased_names"):
        ddl.protect_by(table, ddl.WHOLE, check=ddl.WHOLE, may="SELECT")
    ddl.protect("legal_holds", "student")
    ddl_audit.audit("erasures", "audit_redactions", "erased_names", "legal_holds")
    op.add_column(
        "audit_seals",
        sa.Column(
            "leaf_version",
            sa.SmallInteger(),
            server_default="1",
            nullable=False,
            comment="2: what was changed is taken by its digest, so that an erasure leaves the leaf as is",
        ),
    )
    op.add_column(
        "disclosures",
        sa.Column(
            "redaction",
            postgresql.JSONB(),
            nullable=True,
            comment="in place of the purpose, after an erasure",
        ),
    )
    op.execute(ddl_redaction.REDACTIONS)
    ddl_scope.read_scope_once()


def downgrade() -> None:
    op.execute("DROP VIEW audit_leaves")
    op.execute(_former("CREATE VIEW audit_leaves", "CREATE FUNCTION rollbook_seal_hash"))
    op.execute(f"GRANT SELECT ON audit_leaves TO {ddl.APP_ROLE}")
    for begin, end in (
        ("CREATE FUNCTION rollbook_seal_hash", "-- Seal what both logs"),
        ("CREATE FUNCTION rollbook_seal_log", None),
    ):
        op.execute(_former(begin, end).replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION"))
    op.drop_column("disclosures", "redaction")
    op.drop_column("audit_seals", "leaf_version")
    op.execute(
        "-- squawk-ignore ban-drop-function\n"
        "DROP FUNCTION rollbook_leaf_changes(jsonb), rollbook_leaf_purpose(text, jsonb),"
        " rollbook_is_redaction(jsonb)"
    )
    for table in ("legal_holds", "erased_names", "audit_redactions", "erasures"):
        op.drop_table(table)


def _former(begin: str, end: str | None) -> str:
    text = ddl_seals.SEALS
    return text[text.index(begin) : text.index(end) if end else None]

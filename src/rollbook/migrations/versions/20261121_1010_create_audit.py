"""Create the audit: what was written, what was shown to whom, and seals over both.

The app adds to the logs only through triggers and through functions that run as the owner: it cannot write a
row by hand, nor change or take one away. The owner can, and that is what the seals are for.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from rollbook.migrations import ddl, ddl_audit, ddl_seals

revision = "20261121_1010"
down_revision = "20261121_0981"
branch_labels = None
depends_on = None

# The owner writes for whatever tenant a row is of; it sees no more than the transaction's.
OWNER_WRITES = "CREATE POLICY owner_writes ON {table} FOR INSERT TO CURRENT_USER WITH CHECK (true)"
STUDENT = (
    "(current_setting('rollbook.scope', true) = 'tenant' OR student_id IN"
    " (SELECT unnest(nullif(current_setting('rollbook.students', true), '')::uuid[])))"
)
CLOSED = """
REVOKE EXECUTE ON FUNCTION
    rollbook_ensure_audit_month(text, timestamptz), rollbook_ensure_audit_months(), rollbook_audit(),
    rollbook_audit_note(integer, text, text, bigint, jsonb, text),
    rollbook_disclose(uuid[], text, text, text), rollbook_audit_seal(interval),
    rollbook_seal_log(text, integer, bigint)
FROM public;
"""


def upgrade() -> None:
    op.create_table(
        "audit_writes",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("write_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("transaction_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "session_role", sa.Text(), nullable=False, comment="the database's role that was connected"
        ),
        sa.Column(
            "acting_role", sa.Text(), nullable=False, comment="the role that it had taken on, if another"
        ),
        sa.Column("who", sa.Text(), nullable=False, comment="the account on the machine, of a command"),
        sa.Column("user_id", sa.Uuid(), nullable=True, comment="who was signed in"),
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False, comment="the command, or the route"),
        sa.Column("table_name", sa.Text(), nullable=False),
        sa.Column(
            "command", sa.Text(), nullable=False, comment="INSERT, UPDATE, DELETE, or LOAD of whole months"
        ),
        sa.Column("row_count", sa.BigInteger(), nullable=False),
        sa.Column("by_import", sa.Integer(), nullable=True, comment="the import that wrote"),
        sa.Column("changes", postgresql.JSONB(), nullable=True),
        sa.Column("digest", sa.Text(), nullable=True, comment="of the rows' keys, in any order"),
        sa.PrimaryKeyConstraint("tenant_id", "write_id", "at", name=op.f("pk_audit_writes")),
        postgresql_partition_by="RANGE (at)",
    )
    op.create_table(
        "disclosures",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("disclosure_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("transaction_id", sa.BigInteger(), nullable=False),
        sa.Column("student_id", sa.Uuid(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False, comment="the account on the machine, of a command"),
        sa.Column("user_id", sa.Uuid(), nullable=True, comment="who was signed in"),
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False, comment="the page, endpoint or file"),
        sa.Column("interest", sa.Text(), nullable=False, comment="by which rule they may see the student"),
        sa.Column("purpose", sa.Text(), nullable=True, comment="what they said they need it for"),
        sa.PrimaryKeyConstraint("tenant_id", "disclosure_id", "at", name=op.f("pk_disclosures")),
        postgresql_partition_by="RANGE (at)",
    )
    op.create_index(
        op.f("ix_disclosures_tenant_id_student_id_at"), "disclosures", ["tenant_id", "student_id", "at"]
    )
    op.create_table(
        "audit_seals",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("seal_no", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("log", sa.Text(), nullable=False, comment="writes or disclosures"),
        sa.Column("after_id", sa.BigInteger(), nullable=False),
        sa.Column("last_id", sa.BigInteger(), nullable=False),
        sa.Column("row_count", sa.BigInteger(), nullable=False),
        sa.Column("root", sa.LargeBinary(), nullable=False, comment="SHA-256 over ids and rows in order"),
        sa.Column(
            "row_ids",
            postgresql.ARRAY(sa.BigInteger()),
            nullable=False,
            comment="to tell which row was tampered with",
        ),
        sa.Column(
            "marks",
            postgresql.ARRAY(sa.BigInteger()),
            nullable=False,
            comment="8 bytes of each row's SHA-256",
        ),
        sa.Column("previous_hash", sa.LargeBinary(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False, comment="SHA-256 over all of the above"),
        sa.Column("sealed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.tenant_id"], name=op.f("fk_audit_seals_tenant_id")),
        sa.PrimaryKeyConstraint("tenant_id", "seal_no", name=op.f("pk_audit_seals")),
    )
    ddl.protect_by("audit_writes", ddl.WHOLE, check=ddl.WHOLE, may="SELECT")
    ddl.protect_by("audit_seals", ddl.WHOLE, check=ddl.WHOLE, may="SELECT")
    # who looked at a student is told to those who see the whole tenant
    seen = f"{ddl.WHOLE} AND {STUDENT}"
    ddl.protect_by("disclosures", seen, check=seen, may="SELECT")
    for table in ("audit_writes", "disclosures"):
        op.execute(OWNER_WRITES.format(table=table))
    op.execute(ddl_audit.NOTES)
    op.execute(ddl_seals.SEALS)
    op.execute(CLOSED)
    op.execute(f"GRANT SELECT ON audit_leaves TO {ddl.APP_ROLE}")
    op.execute(
        "GRANT EXECUTE ON FUNCTION rollbook_disclose(uuid[], text, text, text),"
        f" rollbook_audit_seal(interval), rollbook_ensure_audit_months() TO {ddl.APP_ROLE}"
    )
    op.execute("SELECT rollbook_ensure_audit_months()")


def downgrade() -> None:
    op.execute("DROP VIEW audit_leaves")
    op.execute("DROP FUNCTION rollbook_seal_log(text, integer, bigint), rollbook_audit_seal(interval)")
    op.execute("DROP FUNCTION rollbook_seal_hash(audit_seals)")
    op.execute(
        "DROP FUNCTION rollbook_disclose(uuid[], text, text, text), rollbook_audit(),"
        " rollbook_audit_note(integer, text, text, bigint, jsonb, text),"
        " rollbook_audit_difference(jsonb, jsonb), rollbook_audit_key(jsonb, text[]),"
        " rollbook_audit_shown(jsonb), rollbook_is_secret(text), rollbook_ensure_audit_months(),"
        " rollbook_ensure_audit_month(text, timestamptz)"
    )
    for table in ("audit_seals", "disclosures", "audit_writes"):
        op.drop_table(table)
    op.execute("DROP SEQUENCE audit_write_ids, disclosure_ids")

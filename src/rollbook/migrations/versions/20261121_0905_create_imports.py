"""Create the receipts of imports, and the quarantine in which rejected lines wait."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from rollbook.migrations import ddl

revision = "20261121_0905"
down_revision = "20261121_0900"
branch_labels = None
depends_on = None

STATES = ("running", "done", "refused", "failed", "undone")


def json(name: str, default: str | None, comment: str) -> sa.Column[object]:
    given = sa.text(default) if default else None
    return sa.Column(name, postgresql.JSONB(), server_default=given, nullable=False, comment=comment)


def upgrade() -> None:
    create_imports()
    create_rejects()
    ddl.protect_by("imports", ddl.WHOLE, check=ddl.WHOLE)
    ddl.protect_by("intake_rejects", ddl.WHOLE, check=ddl.WHOLE, may="SELECT, INSERT, DELETE")


def create_imports() -> None:
    op.create_table(
        "imports",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("import_id", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column(
            "state",
            sa.Enum(*STATES, name="importstate", native_enum=False, create_constraint=True, length=None),
            server_default="running",
            nullable=False,
        ),
        sa.Column("format", sa.Text(), nullable=False, comment="for people: oneroster 1.2, csv attendance"),
        sa.Column("format_key", sa.Text(), nullable=False, comment="what the format is registered under"),
        json("options", "'{}'", "what a retry needs to build the format again"),
        sa.Column("source", sa.Text(), nullable=False, comment="the system it came from"),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("file_name", sa.Text(), nullable=False),
        sa.Column(
            "sha256", sa.Text(), nullable=False, comment="of the file as it came; of a folder, of its files'"
        ),
        json("files", "'[]'", "name, rows read, rejected, columns and SHA-256 of each"),
        json("counts", "'{}'", "per table: new, changed, closed, deleted, unchanged"),
        sa.Column(
            "rejected",
            sa.Integer(),
            server_default=sa.text("0"),
            nullable=False,
            comment="lines that were left out",
        ),
        json("accepted", "'[]'", "tables that were allowed to shrink"),
        json("liberties", "'[]'", "what was forgiven, in which file, how often"),
        sa.Column("reason", sa.Text(), nullable=True, comment="why it was refused or failed"),
        sa.Column(
            "retry_of", sa.Integer(), nullable=True, comment="the import whose fixed rejects these are"
        ),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("undone_by", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "(state = 'undone') = (undone_at IS NOT NULL)", name=op.f("ck_imports_undone_once")
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.tenant_id"], name=op.f("fk_imports_tenant_id")),
        sa.PrimaryKeyConstraint("tenant_id", "import_id", name=op.f("pk_imports")),
    )


def create_rejects() -> None:
    op.create_table(
        "intake_rejects",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("import_id", sa.Integer(), nullable=False),
        sa.Column("reject_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("file", sa.Text(), nullable=False),
        sa.Column("line", sa.BigInteger(), nullable=False),
        sa.Column("column_name", sa.Text(), nullable=True),
        sa.Column(
            "value_class",
            sa.Text(),
            nullable=False,
            comment="what kind of value it was: empty, digits, letters ...",
        ),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column(
            "cause",
            sa.Text(),
            nullable=False,
            comment="what many rejects have in common, without a pupil's data",
        ),
        json("fields", None, "the line's values by column, as they came"),
        sa.ForeignKeyConstraint(
            ["tenant_id", "import_id"],
            ["imports.tenant_id", "imports.import_id"],
            name=op.f("fk_intake_rejects_tenant_id_import_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenants.tenant_id"], name=op.f("fk_intake_rejects_tenant_id")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "import_id", "reject_id", name=op.f("pk_intake_rejects")),
    )
    op.create_index(
        op.f("ix_intake_rejects_tenant_id_import_id_file_line"),
        "intake_rejects",
        ["tenant_id", "import_id", "file", "line"],
        unique=False,
    )


def downgrade() -> None:
    op.drop_table("intake_rejects")
    op.drop_table("imports")

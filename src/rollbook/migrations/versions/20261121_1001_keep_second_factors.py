"""Keep second factors: the secret of an authenticator app, and recovery codes as hashes."""

import sqlalchemy as sa
from alembic import op

from rollbook.migrations import ddl

revision = "20261121_1001"
down_revision = "20261121_1000"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "totp_secrets",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("secret", sa.Text(), nullable=False, comment="base32, RFC 6238"),
        sa.Column(
            "confirmed_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="until then it is asked of nobody",
        ),
        sa.Column(
            "last_step",
            sa.BigInteger(),
            server_default=sa.text("0"),
            nullable=False,
            comment="half minutes since 1970; no code of this one or an earlier one is taken again",
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        *_of_a_user("totp_secrets"),
        sa.PrimaryKeyConstraint("tenant_id", "user_id", name=op.f("pk_totp_secrets")),
    )
    op.create_table(
        "recovery_codes",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("code_hash", sa.LargeBinary(), nullable=False, comment="SHA-256 of 80 random bits"),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        *_of_a_user("recovery_codes"),
        sa.PrimaryKeyConstraint("tenant_id", "user_id", "code_hash", name=op.f("pk_recovery_codes")),
    )
    for table in ("totp_secrets", "recovery_codes"):
        ddl.protect(table, "tenant", may="SELECT, INSERT, UPDATE, DELETE")


def downgrade() -> None:
    op.drop_table("recovery_codes")
    op.drop_table("totp_secrets")


def _of_a_user(table: str) -> tuple[sa.ForeignKeyConstraint, ...]:
    return (
        sa.ForeignKeyConstraint(
            ["tenant_id", "user_id"],
            ["users.tenant_id", "users.user_id"],
            name=op.f(f"fk_{table}_tenant_id_user_id"),
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.tenant_id"], name=op.f(f"fk_{table}_tenant_id")),
    )

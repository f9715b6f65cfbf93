"""Create accounts."""

import sqlalchemy as sa
from alembic import op

from rollbook.migrations import ddl

revision = "20261120_2301"
down_revision = "20261120_2300"
branch_labels = None
depends_on = None

USER_SIGNING_IN = """
CREATE POLICY user_signing_in ON users FOR SELECT
USING (email = current_setting('rollbook.sign_in_email', true))
"""
SESSION_SHOWN = """
CREATE POLICY session_shown ON user_sessions FOR SELECT
USING (token_hash = decode(nullif(current_setting('rollbook.session_hash', true), ''), 'hex'))
"""


def upgrade() -> None:
    op.create_table(
        "users",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("full_name", sa.Text(), nullable=False),
        sa.Column(
            "role",
            sa.Enum(
                "teacher",
                "counselor",
                "principal",
                "district_admin",
                name="role",
                native_enum=False,
                create_constraint=True,
                length=None,
            ),
            nullable=False,
        ),
        sa.Column("password_hash", sa.Text(), nullable=False, comment="argon2id, PHC string"),
        sa.Column("is_active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("email = lower(email)", name=op.f("ck_users_email_lower")),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.tenant_id"], name=op.f("fk_users_tenant_id")),
        sa.PrimaryKeyConstraint("tenant_id", "user_id", name=op.f("pk_users")),
        sa.UniqueConstraint("tenant_id", "email", name=op.f("uq_users_tenant_id_email")),
    )
    op.create_index("ix_users_email", "users", ["email"], unique=False)
    op.create_table(
        "user_sessions",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False, comment="SHA-256 of the token"),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column(
            "last_seen_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.Column(
            "expires_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="absolute end; an idle end comes before it",
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "user_id"],
            ["users.tenant_id", "users.user_id"],
            name=op.f("fk_user_sessions_tenant_id_user_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenants.tenant_id"], name=op.f("fk_user_sessions_tenant_id")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "token_hash", name=op.f("pk_user_sessions")),
    )
    op.create_index(
        op.f("ix_user_sessions_tenant_id_user_id"), "user_sessions", ["tenant_id", "user_id"], unique=False
    )
    op.create_index("ix_user_sessions_token_hash", "user_sessions", ["token_hash"], unique=False)
    ddl.protect("users", "tenant")
    ddl.protect("user_sessions", "tenant", may="SELECT, INSERT, UPDATE, DELETE")
    # Before a tenant is known, a user is seen by naming its email, a session by showing its token.
    op.execute(USER_SIGNING_IN)
    op.execute(SESSION_SHOWN)


def downgrade() -> None:
    op.drop_index("ix_user_sessions_token_hash", table_name="user_sessions")
    op.drop_index(op.f("ix_user_sessions_tenant_id_user_id"), table_name="user_sessions")
    op.drop_table("user_sessions")
    op.drop_index("ix_users_email", table_name="users")
    op.drop_table("users")

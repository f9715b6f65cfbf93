"""Let people sign in by a provider (OpenID Connect), and sessions say by which they began."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from rollbook.migrations import ddl, ddl_audit

revision = "20261121_1400"
down_revision = "20261121_1015"
branch_labels = None
depends_on = None

# The table is as small as the number of people who are signed in.
SESSIONS = """
ALTER TABLE user_sessions
    ADD provider_id uuid,
    ADD provider_session text;
COMMENT ON COLUMN user_sessions.provider_id IS 'by which it began; none = by a password';
COMMENT ON COLUMN user_sessions.provider_session IS 'what the provider calls its own session (sid)';
"""


def upgrade() -> None:
    op.create_table(
        "identity_providers",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("provider_id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("name", sa.Text(), nullable=False, comment="what commands and addresses call it"),
        sa.Column("label", sa.Text(), nullable=False, comment="what the button says after 'Sign in with'"),
        sa.Column("issuer", sa.Text(), nullable=False, comment="its address, exactly as its tokens say it"),
        sa.Column("client_id", sa.Text(), nullable=False, comment="what it calls this Rollbook"),
        sa.Column(
            "client_auth",
            sa.Enum(
                "client_secret_basic",
                "client_secret_post",
                "none",
                name="clientauth",
                native_enum=False,
                create_constraint=True,
                length=None,
            ),
            nullable=False,
        ),
        sa.Column(
            "second_factors",
            postgresql.ARRAY(sa.Text()),
            server_default=sa.text("'{}'"),
            nullable=False,
            comment="values of acr or amr in its tokens that are a second factor to the tenant",
        ),
        sa.Column(
            "replaces_passwords",
            sa.Boolean(),
            server_default=sa.text("false"),
            nullable=False,
            comment="while it is active no password of the tenant lets in",
        ),
        sa.Column("is_active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "name ~ '^[a-z0-9][a-z0-9-]{0,62}$'", name=op.f("ck_identity_providers_name_form")
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenants.tenant_id"], name=op.f("fk_identity_providers_tenant_id")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "provider_id", name=op.f("pk_identity_providers")),
        sa.UniqueConstraint("tenant_id", "name", name=op.f("uq_identity_providers_tenant_id_name")),
        sa.UniqueConstraint(
            "tenant_id",
            "issuer",
            "client_id",
            name=op.f("uq_identity_providers_tenant_id_issuer_client_id"),
        ),
    )
    op.create_table(
        "identity_links",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("issuer", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False, comment="what the issuer calls the person"),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column(
            "last_used_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "user_id"],
            ["users.tenant_id", "users.user_id"],
            name=op.f("fk_identity_links_tenant_id_user_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenants.tenant_id"], name=op.f("fk_identity_links_tenant_id")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "issuer", "subject", name=op.f("pk_identity_links")),
        sa.UniqueConstraint(
            "tenant_id", "user_id", "issuer", name=op.f("uq_identity_links_tenant_id_user_id_issuer")
        ),
    )
    ddl.protect("identity_providers", "tenant")
    ddl.protect("identity_links", "tenant", may="SELECT, INSERT, UPDATE, DELETE")
    ddl_audit.audit("identity_providers", "identity_links")
    op.execute(SESSIONS)
    ddl.add_constraint(
        "user_sessions",
        "fk_user_sessions_tenant_id_provider_id",
        "FOREIGN KEY (tenant_id, provider_id) REFERENCES identity_providers (tenant_id, provider_id)",
    )
    ddl.add_index("user_sessions", "ix_user_sessions_tenant_id_provider_id", "tenant_id", "provider_id")


def downgrade() -> None:
    for column in ("provider_session", "provider_id"):
        op.drop_column("user_sessions", column)
    op.drop_table("identity_links")
    op.drop_table("identity_providers")

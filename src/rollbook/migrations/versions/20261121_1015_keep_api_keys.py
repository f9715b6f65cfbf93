"""Keep API keys and the short-lived tokens that services get for them; both as hashes only."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from rollbook.migrations import ddl, ddl_audit

revision = "20261121_1015"
down_revision = "20261121_1011"
branch_labels = None
depends_on = None

SHOWN = "decode(nullif(current_setting('rollbook.bearer_hash', true), ''), 'hex')"


def upgrade() -> None:
    op.create_table(
        "api_keys",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("key_id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False, comment="what it is for"),
        sa.Column("prefix", sa.Text(), nullable=False, comment="how it begins; an OAuth client's id"),
        sa.Column("key_hash", sa.LargeBinary(), nullable=False, comment="SHA-256 of the key"),
        sa.Column("scopes", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True, comment="exact to a minute"),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "scopes <@ ARRAY['read', 'write'] AND cardinality(scopes) > 0",
            name=op.f("ck_api_keys_scopes_known"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "user_id"],
            ["users.tenant_id", "users.user_id"],
            name=op.f("fk_api_keys_tenant_id_user_id"),
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.tenant_id"], name=op.f("fk_api_keys_tenant_id")),
        sa.PrimaryKeyConstraint("tenant_id", "key_id", name=op.f("pk_api_keys")),
        sa.UniqueConstraint("tenant_id", "prefix", name=op.f("uq_api_keys_tenant_id_prefix")),
    )
    op.create_index("ix_api_keys_key_hash", "api_keys", ["key_hash"])
    op.create_index(op.f("ix_api_keys_tenant_id_user_id"), "api_keys", ["tenant_id", "user_id"])
    op.create_table(
        "access_tokens",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False, comment="SHA-256 of the token"),
        sa.Column("key_id", sa.Uuid(), nullable=False),
        sa.Column("scopes", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "key_id"],
            ["api_keys.tenant_id", "api_keys.key_id"],
            name=op.f("fk_access_tokens_tenant_id_key_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenants.tenant_id"], name=op.f("fk_access_tokens_tenant_id")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "token_hash", name=op.f("pk_access_tokens")),
    )
    op.create_index("ix_access_tokens_token_hash", "access_tokens", ["token_hash"])
    op.create_index(op.f("ix_access_tokens_tenant_id_key_id"), "access_tokens", ["tenant_id", "key_id"])
    ddl.protect("api_keys", "tenant")
    ddl.protect("access_tokens", "tenant", may="SELECT, INSERT, UPDATE, DELETE")
    # Before a tenant is known, each is seen by showing it.
    op.execute(f"CREATE POLICY key_shown ON api_keys FOR SELECT USING (key_hash = {SHOWN})")
    op.execute(f"CREATE POLICY token_shown ON access_tokens FOR SELECT USING (token_hash = {SHOWN})")
    ddl_audit.audit("api_keys", "access_tokens")


def downgrade() -> None:
    op.drop_table("access_tokens")
    op.drop_table("api_keys")

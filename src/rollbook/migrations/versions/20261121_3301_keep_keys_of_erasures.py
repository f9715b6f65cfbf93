"""Keep the key of each tenant's digests of erased names in the database, encrypted with the key ring.

It was a file on one machine: another one made another key, and did not know whom the first had erased.
"""

import sqlalchemy as sa
from alembic import op

from rollbook.migrations import ddl, ddl_audit, ddl_scope

revision = "20261121_3301"
down_revision = "20261121_3300"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "erasure_keys",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("key_id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.tenant_id"], name=op.f("fk_erasure_keys_tenant_id")),
        sa.PrimaryKeyConstraint("tenant_id", "key_id", name=op.f("pk_erasure_keys")),
        sa.UniqueConstraint("tenant_id", name=op.f("uq_erasure_keys_tenant_id")),
    )
    op.execute("-- squawk-ignore changing-column-type\nALTER TABLE erasure_keys ALTER secret TYPE sealed")
    what = "32 random bytes in hexadecimal digits; encrypted for key_id"
    op.execute(f"COMMENT ON COLUMN erasure_keys.secret IS '{what}'")
    ddl.protect_by("erasure_keys", ddl.WHOLE, check=ddl.WHOLE, may="SELECT")
    ddl_audit.audit("erasure_keys")
    ddl_scope.read_scope_once()
    op.alter_column("erased_names", "digest", comment="HMAC-SHA-256 with the key in erasure_keys")


def downgrade() -> None:
    op.alter_column("erased_names", "digest", comment="HMAC-SHA-256; its key is in a file")
    op.drop_table("erasure_keys")

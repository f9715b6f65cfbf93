"""Count failed sign-ins in the database, so that every worker knows of them, and devices that got in before.

A count belongs to no tenant: nobody is known yet. Its tenant_id is 0, and its row is seen only by who names
its key, the hash of an email and a place; two days after its last try anybody may sweep it away.
"""

import sqlalchemy as sa
from alembic import op

from rollbook.migrations import ddl

revision = "20261121_1002"
down_revision = "20261121_1001"
branch_labels = None
depends_on = None

NAMED = "encode(key_hash, 'hex') = ANY (string_to_array(current_setting('rollbook.try_keys', true), ','))"
STALE = "current_setting('rollbook.try_keys', true) = 'stale' AND last_failed_at < now() - interval '2 days'"
DEVICE_SHOWN = """
CREATE POLICY device_shown ON known_devices FOR SELECT
USING (token_hash = decode(nullif(current_setting('rollbook.device_hash', true), ''), 'hex'))
"""


def upgrade() -> None:
    op.create_table(
        "sign_in_tries",
        sa.Column("tenant_id", sa.Integer(), nullable=False, comment="0: a try belongs to no tenant"),
        sa.Column("key_hash", sa.LargeBinary(), nullable=False, comment="SHA-256 of what is counted"),
        sa.Column("failures", sa.Double(), nullable=False, comment="fewer with time: halved each half-life"),
        sa.Column("last_failed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("waits_until", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("tenant_id = 0", name=op.f("ck_sign_in_tries_no_tenant")),
        sa.PrimaryKeyConstraint("tenant_id", "key_hash", name=op.f("pk_sign_in_tries")),
    )
    op.create_index(op.f("ix_sign_in_tries_last_failed_at"), "sign_in_tries", ["last_failed_at"])
    op.create_table(
        "known_devices",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False, comment="SHA-256 of the token"),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column(
            "last_used_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "user_id"],
            ["users.tenant_id", "users.user_id"],
            name=op.f("fk_known_devices_tenant_id_user_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenants.tenant_id"], name=op.f("fk_known_devices_tenant_id")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "token_hash", name=op.f("pk_known_devices")),
    )
    op.create_index(op.f("ix_known_devices_tenant_id_user_id"), "known_devices", ["tenant_id", "user_id"])
    op.create_index("ix_known_devices_token_hash", "known_devices", ["token_hash"])
    ddl.force_rls("sign_in_tries")
    op.execute(f"CREATE POLICY named ON sign_in_tries USING ({NAMED}) WITH CHECK ({NAMED})")
    op.execute(f"CREATE POLICY stale_are_swept ON sign_in_tries FOR DELETE USING ({STALE})")
    op.execute(f"CREATE POLICY stale_are_seen ON sign_in_tries FOR SELECT USING ({STALE})")
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON sign_in_tries TO rollbook_app")
    ddl.protect("known_devices", "tenant", may="SELECT, INSERT, UPDATE, DELETE")
    op.execute(DEVICE_SHOWN)


def downgrade() -> None:
    op.drop_table("known_devices")
    op.drop_table("sign_in_tries")

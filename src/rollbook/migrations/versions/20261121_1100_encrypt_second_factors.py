"""Encrypt the secrets of second factors; those that are there are encrypted after the migration."""

from alembic import op

from rollbook.migrations import ddl_sealed

revision = "20261121_1100"
down_revision = "20261121_1700"
branch_labels = None
depends_on = None


def upgrade() -> None:
    ddl_sealed.create()
    ddl_sealed.seal("totp_secrets", "secret")
    ddl_sealed.forbid_plain()
    _comment("base32, RFC 6238; encrypted for user_id")


def downgrade() -> None:
    ddl_sealed.unseal("totp_secrets", "secret")
    _comment("base32, RFC 6238")
    ddl_sealed.drop()


def _comment(text: str) -> None:
    op.execute(f"COMMENT ON COLUMN totp_secrets.secret IS '{text}'")

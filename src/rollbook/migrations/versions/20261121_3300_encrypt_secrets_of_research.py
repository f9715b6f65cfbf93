"""Encrypt the secrets of research projects; those that are there are encrypted after the migration.

Whoever had a copy of the records and a dump of the database could tell whose pseudonym is whose.
"""

from alembic import op

from rollbook.migrations import ddl_sealed

revision = "20261121_3300"
down_revision = "20261121_3200"
branch_labels = None
depends_on = None

# A secret is 32 bytes, ciphertext is more. Plain becomes version 0, as hexadecimal digits.
_SEAL = """
-- squawk-ignore changing-column-type
ALTER TABLE research_projects ALTER secret TYPE sealed USING
    CASE WHEN octet_length(secret) = 32 THEN '\\x00'::bytea || convert_to(encode(secret, 'hex'), 'UTF8')
    ELSE secret END
"""
# SQL has no keys: ciphertext stays what it is, so that nothing is lost on the way back up.
_UNSEAL = """
-- squawk-ignore changing-column-type
ALTER TABLE research_projects ALTER secret TYPE bytea USING
    CASE WHEN get_byte(secret, 0) = 0 THEN decode(convert_from(substr(secret, 2), 'UTF8'), 'hex')
    ELSE secret END
"""


def upgrade() -> None:
    ddl_sealed.allow_plain()
    op.execute(_SEAL)
    ddl_sealed.forbid_plain()
    _comment("32 random bytes in hexadecimal digits; encrypted for project_id")


def downgrade() -> None:
    op.execute(_UNSEAL)
    _comment("32 random bytes; never leaves the database")


def _comment(text: str) -> None:
    op.execute(f"COMMENT ON COLUMN research_projects.secret IS '{text}'")

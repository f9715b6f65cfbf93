"""Encrypt students' telephone numbers and addresses; those that are there, after the migration."""

from rollbook.migrations import ddl_sealed

revision = "20261121_1105"
down_revision = "20261121_1100"
branch_labels = None
depends_on = None

TABLES = ("students", "students_history")
COLUMNS = ("phone", "address")


def upgrade() -> None:
    ddl_sealed.allow_plain()
    for table in TABLES:
        ddl_sealed.seal(table, *COLUMNS)
    ddl_sealed.forbid_plain()


def downgrade() -> None:
    for table in TABLES:
        ddl_sealed.unseal(table, *COLUMNS)

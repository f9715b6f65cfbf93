"""Index students as the register sorts them: its first page sorted all of a district's."""

from alembic import op

from rollbook.migrations import ddl

revision = "20261121_0982"
down_revision = "20261121_0981"
branch_labels = None
depends_on = None

NAME = "lower(coalesce(last_name || ' ', '') || coalesce(first_name || ' ', '') || student_number)"


def upgrade() -> None:
    ddl.add_index("students", "ix_students_sorted", "tenant_id", NAME, "student_id")


def downgrade() -> None:
    op.drop_index("ix_students_sorted", table_name="students")

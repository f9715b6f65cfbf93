"""Let users be registrars: who keeps a school's enrollments and attendance, and leads nobody."""

from alembic import op

from rollbook.migrations import ddl

revision = "20261121_3400"
down_revision = "20261121_3301"
branch_labels = None
depends_on = None

BEFORE = (
    "teacher",
    "counselor",
    "principal",
    "district_admin",
    "staff",
    "student",
    "guardian",
    "researcher",
    "auditor",
    "service",
)


def upgrade() -> None:
    _allow(*BEFORE, "registrar")


def downgrade() -> None:
    # Who was a registrar sees then whom they are granted, and writes nothing.
    op.execute("ALTER TABLE users NO FORCE ROW LEVEL SECURITY")
    op.execute("UPDATE users SET role = 'staff' WHERE role = 'registrar'")
    op.execute("ALTER TABLE users FORCE ROW LEVEL SECURITY")
    _allow(*BEFORE)


def _allow(*roles: str) -> None:
    listed = ", ".join(f"'{role}'" for role in roles)
    op.execute("-- squawk-ignore ban-drop-constraint\nALTER TABLE users DROP CONSTRAINT ck_users_role")
    ddl.add_constraint("users", "ck_users_role", f"CHECK (role IN ({listed}))")

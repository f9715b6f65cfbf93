"""Let users be of more kinds, be granted schools, sections and students for a time, and prefer things."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from rollbook.migrations import ddl

revision = "20261121_1003"
down_revision = "20261121_1002"
branch_labels = None
depends_on = None

FORMER = ("teacher", "counselor", "principal", "district_admin")
ADDED = ("staff", "student", "guardian", "researcher", "auditor", "service")


def upgrade() -> None:
    _allow_roles(*FORMER, *ADDED)
    op.create_table(
        "user_grants",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("grant_id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column(
            "scope",
            sa.Enum(
                "tenant",
                "school",
                "section",
                "student",
                name="grantscope",
                native_enum=False,
                create_constraint=True,
                length=None,
            ),
            nullable=False,
        ),
        sa.Column("scope_id", sa.Uuid(), nullable=True, comment="of the school, section or student"),
        sa.Column("begins_on", sa.Date(), nullable=False),
        sa.Column(
            "ends_on", sa.Date(), nullable=True, comment="first day without it; none = until taken back"
        ),
        sa.Column("reason", sa.Text(), nullable=False, comment="why they need it; who asks is told"),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "(scope = 'tenant') = (scope_id IS NULL)", name=op.f("ck_user_grants_scope_named")
        ),
        sa.CheckConstraint("ends_on >= begins_on", name=op.f("ck_user_grants_ends_after_beginning")),
        *_of_a_user("user_grants"),
        sa.PrimaryKeyConstraint("tenant_id", "grant_id", name=op.f("pk_user_grants")),
    )
    op.create_index(op.f("ix_user_grants_tenant_id_user_id"), "user_grants", ["tenant_id", "user_id"])
    op.create_table(
        "user_preferences",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", postgresql.JSONB(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("name ~ '^[a-z][a-z_]{0,62}$'", name=op.f("ck_user_preferences_name_form")),
        sa.CheckConstraint(
            "octet_length(cast(value AS text)) <= 4096", name=op.f("ck_user_preferences_value_is_short")
        ),
        *_of_a_user("user_preferences"),
        sa.PrimaryKeyConstraint("tenant_id", "user_id", "name", name=op.f("pk_user_preferences")),
    )
    ddl.protect("user_grants", "tenant")
    ddl.protect("user_preferences", "tenant", may="SELECT, INSERT, UPDATE, DELETE")


def downgrade() -> None:
    op.drop_table("user_preferences")
    op.drop_table("user_grants")
    # Who was of a kind that is unknown now cannot sign in: that kind saw less than a teacher may.
    op.execute("ALTER TABLE users NO FORCE ROW LEVEL SECURITY")
    kinds = ", ".join(f"'{role}'" for role in ADDED)
    op.execute(f"UPDATE users SET role = 'teacher', is_active = false WHERE role IN ({kinds})")  # noqa: S608 -- ours
    op.execute("ALTER TABLE users FORCE ROW LEVEL SECURITY")
    _allow_roles(*FORMER)


def _allow_roles(*roles: str) -> None:
    listed = ", ".join(f"'{role}'" for role in roles)
    op.execute("-- squawk-ignore ban-drop-constraint\nALTER TABLE users DROP CONSTRAINT ck_users_role")
    ddl.add_constraint("users", "ck_users_role", f"CHECK (role IN ({listed}))")


def _of_a_user(table: str) -> tuple[sa.ForeignKeyConstraint, ...]:
    return (
        sa.ForeignKeyConstraint(
            ["tenant_id", "user_id"],
            ["users.tenant_id", "users.user_id"],
            name=op.f(f"fk_{table}_tenant_id_user_id"),
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.tenant_id"], name=op.f(f"fk_{table}_tenant_id")),
    )

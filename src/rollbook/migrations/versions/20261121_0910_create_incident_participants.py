"""Create who took part in an incident, and what was done about it."""

import sqlalchemy as sa
from alembic import op

from rollbook.migrations import ddl

revision = "20261121_0910"
down_revision = "20261121_0905"
branch_labels = None
depends_on = None

MAY = "SELECT, INSERT, UPDATE, DELETE"


def upgrade() -> None:
    op.create_table(
        "incident_participants",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("incident_id", sa.Uuid(), nullable=False),
        sa.Column("student_id", sa.Uuid(), nullable=False),
        sa.Column(
            "participant_role",
            sa.Enum(
                "perpetrator",
                "victim",
                "witness",
                "reporter",
                "other",
                name="participantrole",
                native_enum=False,
                create_constraint=True,
                length=None,
            ),
            nullable=False,
        ),
        sa.Column("injury", sa.Text(), nullable=True, comment="none = not hurt, or the source does not say"),
        sa.Column(
            "note", sa.Text(), nullable=True, comment="what this student did or met; names nobody else"
        ),
        sa.Column("source_id", sa.Text(), nullable=True, comment="what the source calls this row"),
        sa.Column("known_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("import_id", sa.Integer(), nullable=True, comment="the import that wrote this version"),
        sa.ForeignKeyConstraint(
            ["tenant_id", "incident_id"],
            ["discipline_incidents.tenant_id", "discipline_incidents.incident_id"],
            name=op.f("fk_incident_participants_tenant_id_incident_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "student_id"],
            ["students.tenant_id", "students.student_id"],
            name=op.f("fk_incident_participants_tenant_id_student_id"),
        ),
        sa.PrimaryKeyConstraint(
            "tenant_id", "incident_id", "student_id", name=op.f("pk_incident_participants")
        ),
    )
    op.create_index(
        op.f("ix_incident_participants_tenant_id_student_id_incident_id"),
        "incident_participants",
        ["tenant_id", "student_id", "incident_id"],
        unique=False,
    )
    op.create_table(
        "discipline_actions",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("action_id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("incident_id", sa.Uuid(), nullable=False),
        sa.Column("student_id", sa.Uuid(), nullable=False),
        sa.Column("action_type", sa.Text(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=True, comment="none = the day is not recorded"),
        sa.Column("ends_on", sa.Date(), nullable=True, comment="last day"),
        sa.Column(
            "days_lost",
            sa.Numeric(precision=5, scale=1),
            nullable=True,
            comment="school days away from class",
        ),
        sa.Column("notes", sa.Text(), nullable=True),
        sa.Column("source_id", sa.Text(), nullable=True, comment="what the source calls this row"),
        sa.Column("known_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("import_id", sa.Integer(), nullable=True, comment="the import that wrote this version"),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("days_lost >= 0", name=op.f("ck_discipline_actions_days_lost_range")),
        sa.CheckConstraint("ends_on >= starts_on", name=op.f("ck_discipline_actions_ends_after_start")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "incident_id", "student_id"],
            [
                "incident_participants.tenant_id",
                "incident_participants.incident_id",
                "incident_participants.student_id",
            ],
            name=op.f("fk_discipline_actions_tenant_id_incident_id_student_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "action_id", name=op.f("pk_discipline_actions")),
        sa.UniqueConstraint(
            "tenant_id",
            "incident_id",
            "student_id",
            "action_type",
            "starts_on",
            name="uq_discipline_actions_once",
            postgresql_nulls_not_distinct=True,
        ),
    )
    op.create_index(
        op.f("ix_discipline_actions_tenant_id_student_id_starts_on"),
        "discipline_actions",
        ["tenant_id", "student_id", "starts_on"],
        unique=False,
    )
    ddl.protect("incident_participants", "student", may=MAY)
    ddl.protect("discipline_actions", "student", may=MAY)
    ddl.keep_versions("incident_participants", "incident_id", "student_id")
    ddl.keep_versions("discipline_actions", "action_id")


def downgrade() -> None:
    ddl.drop_versions("incident_participants", "discipline_actions")
    op.drop_table("discipline_actions")
    op.drop_table("incident_participants")

"""Say who teaches a section in section_staff alone: several people, each with a time and a role."""

import sqlalchemy as sa
from alembic import op

from rollbook.migrations import ddl

revision = "20261121_0900"
down_revision = "20261121_0870"
branch_labels = None
depends_on = None

MOVED = ("sections", "sections_history", "section_staff", "section_staff_history")
ASSIGN = """
INSERT INTO section_staff (tenant_id, section_id, staff_id, section_role, known_at, import_id)
SELECT tenant_id, section_id, teacher_staff_id, 'teacher', known_at, import_id
FROM sections
WHERE teacher_staff_id IS NOT NULL
ON CONFLICT DO NOTHING
"""
ASSIGN_HISTORY = """
INSERT INTO section_staff_history (
    tenant_id, section_id, staff_id, section_role, is_primary,
    known_at, import_id, superseded_at, superseded_by_import
)
SELECT
    tenant_id, section_id, teacher_staff_id, 'teacher', true,
    known_at, import_id, superseded_at, superseded_by_import
FROM sections_history
WHERE teacher_staff_id IS NOT NULL AND NOT EXISTS (
    SELECT 1 FROM section_staff_history AS kept
    WHERE kept.tenant_id = sections_history.tenant_id AND kept.section_id = sections_history.section_id
    AND kept.staff_id = sections_history.teacher_staff_id AND kept.known_at = sections_history.known_at
)
"""
NAME_TEACHER = """
UPDATE sections SET teacher_staff_id = (
    SELECT section_staff.staff_id FROM section_staff
    WHERE section_staff.tenant_id = sections.tenant_id AND section_staff.section_id = sections.section_id
    AND section_staff.section_role = 'teacher'
    ORDER BY section_staff.is_primary DESC, section_staff.begins_on DESC NULLS LAST, section_staff.staff_id
    LIMIT 1
)
"""
NAME_TEACHER_OF_VERSIONS = """
UPDATE sections_history AS was SET teacher_staff_id = (
    SELECT staff_id
    FROM (
        SELECT tenant_id, section_id, staff_id, section_role, is_primary, known_at,
            'infinity' AS superseded_at
        FROM section_staff
        UNION ALL
        SELECT tenant_id, section_id, staff_id, section_role, is_primary, known_at,
            superseded_at
        FROM section_staff_history
    ) AS assigned
    WHERE assigned.tenant_id = was.tenant_id AND assigned.section_id = was.section_id
    AND section_role = 'teacher'
    AND assigned.known_at <= was.known_at AND assigned.superseded_at > was.known_at
    ORDER BY is_primary DESC, assigned.known_at DESC, staff_id
    LIMIT 1
)
"""


def upgrade() -> None:
    move(ASSIGN, ASSIGN_HISTORY)
    op.execute("-- squawk-ignore ban-drop-column\nALTER TABLE sections DROP COLUMN teacher_staff_id")
    op.execute("-- squawk-ignore ban-drop-column\nALTER TABLE sections_history DROP COLUMN teacher_staff_id")


def downgrade() -> None:
    op.add_column("sections", sa.Column("teacher_staff_id", sa.Uuid(), nullable=True))
    op.add_column("sections_history", sa.Column("teacher_staff_id", sa.Uuid(), nullable=True))
    # A version gets back what it had: that makes no version more.
    op.execute("ALTER TABLE sections DISABLE TRIGGER keep_updated")
    move(NAME_TEACHER, NAME_TEACHER_OF_VERSIONS)
    op.execute("ALTER TABLE sections ENABLE TRIGGER keep_updated")
    ddl.add_constraint(
        "sections",
        "fk_sections_tenant_id_teacher_staff_id",
        "FOREIGN KEY (tenant_id, teacher_staff_id) REFERENCES staff (tenant_id, staff_id)",
    )
    ddl.add_index("sections", "ix_sections_tenant_id_teacher_staff_id", "tenant_id", "teacher_staff_id")


def move(*statements: str) -> None:
    """Run ``statements`` over every tenant's rows: forced row-level security hides them from the owner."""
    for table in MOVED:
        op.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
    for statement in statements:
        op.execute(statement)
    for table in MOVED:
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")

"""Let an incident be an event with participants: its student and action move to tables of their own.

Each version of a row becomes a version of the event, of the participant (a perpetrator) and of the action,
if it had one, known from the same instant on, so that nothing changes as of any day.
"""

import sqlalchemy as sa
from alembic import op

from rollbook.migrations import ddl

revision = "20261121_0911"
down_revision = "20261121_0910"
branch_labels = None
depends_on = None

BOTH = ("discipline_incidents", "discipline_incidents_history")
WALLED = (
    *BOTH,
    "incident_participants",
    "incident_participants_history",
    "discipline_actions",
    "discipline_actions_history",
)
TENANT = "tenant_id = nullif(current_setting('rollbook.tenant', true), '')::int"
SEEN = ddl.seen_through("incident_participants", "incident_id")

# "{kept}" is empty for the current version, and what a history has besides for the earlier ones.
MOVE = """
INSERT INTO incident_participants{history}
    (tenant_id, incident_id, student_id, participant_role, known_at, import_id{kept})
SELECT tenant_id, incident_id, student_id, 'perpetrator', known_at, import_id{kept}
FROM discipline_incidents{history};
INSERT INTO discipline_actions{history}
    (tenant_id, action_id, incident_id, student_id, action_type, known_at, import_id, created_at{kept})
SELECT tenant_id, incident_id, incident_id, student_id, action_taken, known_at, import_id, created_at{kept}
FROM discipline_incidents{history}
WHERE action_taken IS NOT NULL
"""
NUMBER = "UPDATE {table} SET incident_number = 'I-' || right(incident_id::text, 12)"

# What was so at the same time is one version again: between two instants at which anything of a perpetrator's
# incident changed nothing did. Of several at a time the first keeps the id, the others get ids of their own;
# victims and witnesses had no place.
GATHER = """
CREATE TEMPORARY TABLE earlier_incidents ON COMMIT DROP AS
WITH events AS (
    SELECT tenant_id, incident_id, incident_on, incident_type, severity_level, description, known_at,
        import_id, created_at, 'infinity'::timestamptz AS superseded_at, NULL::int AS superseded_by_import
    FROM discipline_incidents
    UNION ALL
    SELECT tenant_id, incident_id, incident_on, incident_type, severity_level, description, known_at,
        import_id, created_at, superseded_at, superseded_by_import
    FROM discipline_incidents_history
),
perpetrators AS (
    SELECT tenant_id, incident_id, student_id, known_at, 'infinity'::timestamptz AS superseded_at
    FROM incident_participants WHERE participant_role = 'perpetrator'
    UNION ALL
    SELECT tenant_id, incident_id, student_id, known_at, superseded_at
    FROM incident_participants_history WHERE participant_role = 'perpetrator'
),
actions AS (
    SELECT tenant_id, incident_id, student_id, action_type, starts_on, known_at,
        'infinity'::timestamptz AS superseded_at
    FROM discipline_actions
    UNION ALL
    SELECT tenant_id, incident_id, student_id, action_type, starts_on, known_at, superseded_at
    FROM discipline_actions_history
),
placed AS (
    SELECT tenant_id, incident_id, student_id,
        row_number() OVER (PARTITION BY tenant_id, incident_id ORDER BY max(superseded_at) DESC, student_id)
            AS place
    FROM perpetrators GROUP BY tenant_id, incident_id, student_id
),
numbered AS MATERIALIZED (
    SELECT tenant_id, incident_id, student_id,
        CASE WHEN place > 1 AND EXISTS (
            SELECT 1
            FROM perpetrators AS this INNER JOIN perpetrators AS other USING (tenant_id, incident_id)
            WHERE this.tenant_id = placed.tenant_id AND this.incident_id = placed.incident_id
                AND this.student_id = placed.student_id AND other.student_id <> placed.student_id
                AND this.known_at < other.superseded_at AND other.known_at < this.superseded_at
        ) THEN uuidv7() ELSE incident_id END AS own_id
    FROM placed
),
changes AS (
    SELECT tenant_id, incident_id, student_id, unnest(ARRAY[known_at, superseded_at]) AS since
    FROM perpetrators
    UNION
    SELECT tenant_id, incident_id, student_id, unnest(ARRAY[known_at, superseded_at]) FROM actions
    UNION
    SELECT tenant_id, incident_id, student_id, unnest(ARRAY[events.known_at, events.superseded_at])
    FROM numbered INNER JOIN events USING (tenant_id, incident_id)
),
spans AS (
    SELECT *,
        lead(since) OVER (PARTITION BY tenant_id, incident_id, student_id ORDER BY since) AS until
    FROM changes
)
SELECT
    spans.tenant_id,
    numbered.own_id AS incident_id,
    spans.student_id,
    events.incident_on,
    events.incident_type,
    events.severity_level,
    events.description,
    (
        SELECT string_agg(actions.action_type, ', ' ORDER BY actions.starts_on, actions.action_type)
        FROM actions
        WHERE actions.tenant_id = spans.tenant_id AND actions.incident_id = spans.incident_id
            AND actions.student_id = spans.student_id
            AND spans.since >= actions.known_at AND spans.since < actions.superseded_at
    ) AS action_taken,
    spans.since AS known_at,
    events.import_id,
    events.created_at,
    spans.until AS superseded_at,
    CASE WHEN events.superseded_at = spans.until THEN events.superseded_by_import END AS superseded_by_import
FROM spans
INNER JOIN numbered USING (tenant_id, incident_id, student_id)
INNER JOIN events
    ON spans.tenant_id = events.tenant_id AND spans.incident_id = events.incident_id
    AND spans.since >= events.known_at AND spans.since < events.superseded_at
INNER JOIN perpetrators
    ON spans.tenant_id = perpetrators.tenant_id AND spans.incident_id = perpetrators.incident_id
    AND spans.student_id = perpetrators.student_id
    AND spans.since >= perpetrators.known_at AND spans.since < perpetrators.superseded_at
"""
FIELDS = (
    "tenant_id, incident_id, student_id, incident_on, incident_type, severity_level, description,"
    " action_taken, known_at, import_id, created_at"
)
VERSIONS = "superseded_at, superseded_by_import"


def _open_walls() -> None:
    for table in WALLED:
        op.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE discipline_incidents DISABLE TRIGGER keep_updated, DISABLE TRIGGER keep_deleted")


def _close_walls() -> None:
    for table in WALLED:
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE discipline_incidents ENABLE TRIGGER keep_updated, ENABLE TRIGGER keep_deleted")


def upgrade() -> None:
    _open_walls()
    op.execute(MOVE.format(history="", kept=""))
    op.execute(MOVE.format(history="_history", kept=f", {VERSIONS}"))
    _add_columns()
    for table in BOTH:
        op.execute(NUMBER.format(table=table))
        op.execute(f"DROP POLICY student_rows ON {table}")
        op.execute(f"CREATE POLICY walled_rows ON {table} USING ({SEEN}) WITH CHECK ({TENANT})")
    _add_keys()
    for table in BOTH:
        for column in ("student_id", "action_taken"):
            op.execute(f"-- squawk-ignore ban-drop-column\nALTER TABLE {table} DROP COLUMN {column}")
    _close_walls()


def _add_columns() -> None:
    op.execute(
        "ALTER TABLE discipline_incidents ADD incident_number text NOT NULL\n"
        "-- squawk-ignore adding-field-with-default\n"
        """DEFAULT ('I-'::text || "right"((uuidv7())::text, 12))"""
    )
    ddl.complete_history("discipline_incidents", "incident_number", "text", "''")
    for table in BOTH:
        op.add_column(
            table,
            sa.Column("school_id", sa.Uuid(), comment="where; none where the source does not say"),
        )
        op.add_column(table, sa.Column("incident_time", sa.Time(), comment="on the school's clock"))
        op.add_column(table, sa.Column("location", sa.Text()))
        op.add_column(table, sa.Column("reported_by_staff_id", sa.Uuid()))
        op.add_column(table, sa.Column("reported_by", sa.Text(), comment="where it was nobody of the staff"))
        op.add_column(table, sa.Column("source_id", sa.Text(), comment="what the source calls this row"))
        op.execute(f"COMMENT ON COLUMN {table}.incident_number IS 'the district''s own number'")
        op.execute(f"COMMENT ON COLUMN {table}.description IS 'may name anybody: not for families'")


def _add_keys() -> None:
    table = "discipline_incidents"
    op.execute(
        "-- squawk-ignore require-concurrent-index-deletion\n"
        f"DROP INDEX ix_{table}_tenant_id_student_id_incident_on"
    )
    ddl.add_index(
        table, f"ix_{table}_tenant_id_incident_on_incident_id", "tenant_id", "incident_on", "incident_id"
    )
    ddl.add_index(
        table, f"ix_{table}_tenant_id_school_id_incident_on", "tenant_id", "school_id", "incident_on"
    )
    ddl.add_index(table, f"ix_{table}_tenant_id_reported_by_staff_id", "tenant_id", "reported_by_staff_id")
    op.execute(
        "-- squawk-ignore disallowed-unique-constraint, constraint-missing-not-valid\n"
        f"ALTER TABLE {table} ADD CONSTRAINT uq_{table}_tenant_id_incident_number"
        " UNIQUE (tenant_id, incident_number)"
    )
    for name, rule in {
        "fk_discipline_incidents_tenant_id": "FOREIGN KEY (tenant_id) REFERENCES tenants (tenant_id)",
        "fk_discipline_incidents_tenant_id_school_id": (
            "FOREIGN KEY (tenant_id, school_id) REFERENCES schools (tenant_id, school_id)"
        ),
        "fk_discipline_incidents_tenant_id_reported_by_staff_id": (
            "FOREIGN KEY (tenant_id, reported_by_staff_id) REFERENCES staff (tenant_id, staff_id)"
        ),
    }.items():
        ddl.add_constraint(table, name, rule)


def downgrade() -> None:
    _open_walls()
    op.execute(GATHER)
    for table in WALLED:
        op.execute(f"TRUNCATE {table} CASCADE")
    _drop_columns()
    op.execute(
        f"INSERT INTO discipline_incidents ({FIELDS}) SELECT {FIELDS} FROM earlier_incidents"  # noqa: S608 -- ours
        " WHERE superseded_at = 'infinity'"
    )
    op.execute(
        f"INSERT INTO discipline_incidents_history ({FIELDS}, {VERSIONS})"  # noqa: S608 -- ours
        f" SELECT {FIELDS}, {VERSIONS} FROM earlier_incidents WHERE superseded_at < 'infinity'"
    )
    # A new key is checked by a query of the owner's, which must see the students.
    op.execute("ALTER TABLE students NO FORCE ROW LEVEL SECURITY")
    op.execute(
        "ALTER TABLE discipline_incidents ADD CONSTRAINT fk_discipline_incidents_tenant_id_student_id"
        " FOREIGN KEY (tenant_id, student_id) REFERENCES students (tenant_id, student_id)"
    )
    op.execute("ALTER TABLE students FORCE ROW LEVEL SECURITY")
    _close_walls()


def _drop_columns() -> None:
    op.drop_constraint("fk_discipline_incidents_tenant_id", "discipline_incidents", type_="foreignkey")
    op.drop_index("ix_discipline_incidents_tenant_id_incident_on_incident_id", "discipline_incidents")
    for table in BOTH:
        op.execute(f"DROP POLICY walled_rows ON {table}")
        for column in (
            "incident_number",
            "school_id",
            "incident_time",
            "location",
            "reported_by_staff_id",
            "reported_by",
            "source_id",
        ):
            op.drop_column(table, column)
        op.execute(f"COMMENT ON COLUMN {table}.description IS NULL")
        op.add_column(table, sa.Column("student_id", sa.Uuid(), nullable=False))
        op.add_column(table, sa.Column("action_taken", sa.Text()))
    op.create_index(
        "ix_discipline_incidents_tenant_id_student_id_incident_on",
        "discipline_incidents",
        ["tenant_id", "student_id", "incident_on"],
    )
    _restore_policies()


def _restore_policies() -> None:
    """Wall the rows by their student again, as ``ddl.protect`` did."""
    student = (
        f"{TENANT} AND (current_setting('rollbook.scope', true) = 'tenant' OR student_id IN"
        " (SELECT unnest(nullif(current_setting('rollbook.students', true), '')::uuid[])))"
    )
    for table in BOTH:
        op.execute(f"CREATE POLICY student_rows ON {table} USING ({student}) WITH CHECK ({student})")

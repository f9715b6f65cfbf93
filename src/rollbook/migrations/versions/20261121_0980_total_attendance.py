"""Keep what students missed in the year, and sums of weeks by grade; note what changed by student.

The list of the chronically absent added up 37 weeks of 100,000 students whenever somebody looked; and one
student's new enrollment made every week of the district one to be counted anew. Now a total stands ready for
each student, and a change notes the students whom it touches: only they are counted anew, until a refresh.
"""

from importlib import import_module
from typing import Final

import sqlalchemy as sa
from alembic import op

from rollbook.migrations import ddl

revision = "20261121_0980"
down_revision = "20261121_1003"
branch_labels = None
depends_on = None

NOTES: Final = """
-- Note whom a change touches. Arguments: a query of the changes, with tenant_id, since, until, and student_id
-- or what is joined with the second, whom. Of more than some thousands all are noted, as it would take longer
-- to count them one by one. All are, too, where the writer sees some students only: others may be touched.
-- Notes are only ever added, and taken away by who refreshes; so writers do not wait for each other.
CREATE FUNCTION rollbook_note_changes() RETURNS trigger
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    changes text := '(' || TG_ARGV[0] || ') AS changed ';
    whom text := TG_ARGV[1];
    is_for_all boolean := whom <> '' AND current_setting('rollbook.scope', true) IS DISTINCT FROM 'tenant';
BEGIN
    IF NOT is_for_all THEN
        EXECUTE 'SELECT count(*) > 5000 FROM (SELECT FROM ' || changes || whom || ' LIMIT 5001) AS noted'
        INTO is_for_all;
    END IF;
    IF is_for_all THEN
        EXECUTE 'INSERT INTO attendance_stale_weeks (tenant_id, since, until)'
            ' SELECT DISTINCT tenant_id, since, until FROM ' || changes;
    ELSE
        EXECUTE 'INSERT INTO attendance_stale_weeks (tenant_id, student_id, since, until)'
            ' SELECT DISTINCT changed.tenant_id, student_id, since, until FROM ' || changes || whom;
    END IF;
    RETURN NULL;
END
$$;
REVOKE EXECUTE ON FUNCTION rollbook_note_changes() FROM public;
"""

# Whom a change touches that does not say it.
ENROLLED: Final = (
    "INNER JOIN student_school_enrollments AS e ON changed.tenant_id = e.tenant_id"
    " AND changed.school_id = e.school_id AND e.is_primary AND e.entry_on <= changed.until"
    " AND (e.exit_on IS NULL OR e.exit_on > changed.since)"
)
BY_EXCEPTION: Final = "WHERE EXISTS (SELECT FROM attendance_submissions WHERE is_by_exception)"
PLACED: Final = f"INNER JOIN course_enrollments AS p USING (tenant_id, section_id) {BY_EXCEPTION}"
# Columns that matter, those of them that say whose, the first and last day that a change touches, and whom.
TABLES: Final = {
    "student_school_enrollments": (
        "tenant_id, student_id, school_id, grade_level, entry_on, exit_on, is_primary",
        "tenant_id, student_id",
        "entry_on",
        "coalesce(exit_on, 'infinity')",
        "",
    ),
    "school_calendar_days": (
        "tenant_id, school_id, date, is_instructional",
        "tenant_id, school_id",
        "date",
        "date",
        ENROLLED,
    ),
    "sections": (
        "tenant_id, section_id, starts_on, ends_on, periods",
        "tenant_id, section_id",
        "starts_on",
        "ends_on",
        PLACED,
    ),
    "course_enrollments": (
        "tenant_id, student_id, section_id, enrolled_on, withdrawn_on",
        "tenant_id, student_id",
        "'-infinity'::date",
        "'infinity'::date",
        BY_EXCEPTION,
    ),
}
# Of the rows before and after, those that differ.
CHANGED: Final = {
    "INSERT": "SELECT {columns} FROM new_rows",
    "DELETE": "SELECT {columns} FROM old_rows",
    "UPDATE": "(SELECT {columns} FROM new_rows EXCEPT SELECT {columns} FROM old_rows) UNION ALL"
    " (SELECT {columns} FROM old_rows EXCEPT SELECT {columns} FROM new_rows)",
}
# Of a school that sends exceptions, before and after, the days between; where that begins or ends, all.
ALWAYS: Final = "SELECT tenant_id, school_id, '-infinity'::date AS since, 'infinity'::date AS until"
SUBMITTED: Final = {
    "INSERT": f"{ALWAYS} FROM new_rows WHERE is_by_exception",
    "DELETE": f"{ALWAYS} FROM old_rows WHERE is_by_exception",
    "UPDATE": """
SELECT
    tenant_id,
    school_id,
    CASE WHEN n.is_by_exception AND o.is_by_exception THEN
        least(coalesce(n.submitted_through, '-infinity'), coalesce(o.submitted_through, '-infinity'))
    ELSE '-infinity' END AS since,
    CASE WHEN n.is_by_exception AND o.is_by_exception THEN greatest(n.submitted_through, o.submitted_through)
    ELSE 'infinity' END AS until
FROM new_rows AS n
FULL JOIN old_rows AS o USING (tenant_id, school_id)
WHERE
    (n.is_by_exception OR o.is_by_exception)
    AND (n.is_by_exception, n.submitted_through) IS DISTINCT FROM (o.is_by_exception, o.submitted_through)""",
}
WEEK: Final = "date - (date - DATE '0001-01-01') % 7"
MARKED: Final = {
    event: f"SELECT DISTINCT tenant_id, student_id, {WEEK} AS since, {WEEK} + 6 AS until"  # noqa: S608 -- ours
    f" FROM ({rows}) AS marks"
    for event, rows in {
        "INSERT": "SELECT * FROM new_rows",
        "DELETE": "SELECT * FROM old_rows",
        "UPDATE": "SELECT * FROM new_rows UNION ALL SELECT * FROM old_rows",
    }.items()
}
# A note of nobody by name is of all; each setting is read once for a query, not for each of a million rows.
TENANT: Final = "tenant_id = (SELECT nullif(current_setting('rollbook.tenant', true), '')::int)"
STUDENT: Final = (
    "(SELECT current_setting('rollbook.scope', true)) = 'tenant' OR student_id IN"
    " (SELECT unnest(nullif(current_setting('rollbook.students', true), '')::uuid[]))"
)
EVENTS: Final = {
    "INSERT": "NEW TABLE AS new_rows",
    "UPDATE": "OLD TABLE AS old_rows NEW TABLE AS new_rows",
    "DELETE": "OLD TABLE AS old_rows",
}


def upgrade() -> None:
    op.create_table(
        "attendance_week_sums",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("week", sa.Date(), nullable=False, comment="its Monday"),
        sa.Column("school_id", sa.Uuid(), nullable=False),
        sa.Column("grade_level", sa.SmallInteger(), nullable=False, comment="-1 = none"),
        sa.Column("days", sa.Integer(), nullable=False),
        sa.Column("missed", sa.Numeric(), nullable=False, comment="days"),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenants.tenant_id"], name=op.f("fk_attendance_week_sums_tenant_id")
        ),
        sa.PrimaryKeyConstraint(
            "tenant_id", "week", "school_id", "grade_level", name=op.f("pk_attendance_week_sums")
        ),
    )
    op.create_table(
        "attendance_totals",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("student_id", sa.Uuid(), nullable=False),
        sa.Column("school_id", sa.Uuid(), nullable=False, comment="where they were last"),
        sa.Column("grade_level", sa.SmallInteger(), nullable=True),
        sa.Column("days", sa.Integer(), nullable=False),
        sa.Column("missed", sa.Numeric(), nullable=False, comment="days"),
        sa.Column("unexcused", sa.Integer(), nullable=False, comment="days"),
        sa.PrimaryKeyConstraint("tenant_id", "student_id", name=op.f("pk_attendance_totals")),
    )
    op.create_table(
        "attendance_total_windows",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("since", sa.Date(), nullable=False, comment="first day of the school year"),
        sa.Column("through", sa.Date(), nullable=False, comment="last day on which attendance was known"),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenants.tenant_id"], name=op.f("fk_attendance_total_windows_tenant_id")
        ),
        sa.PrimaryKeyConstraint("tenant_id", name=op.f("pk_attendance_total_windows")),
    )
    # what is kept so far has no sums; all is counted anew
    op.execute("TRUNCATE attendance_weeks")
    op.add_column(
        "attendance_stale_weeks",
        sa.Column("student_id", sa.Uuid(), nullable=True, comment="none = everybody"),
    )
    _note_everything()
    op.execute("DROP POLICY tenant_rows ON attendance_stale_weeks")
    rule = f"{TENANT} AND (student_id IS NULL OR {STUDENT})"
    op.execute(f"CREATE POLICY walled_rows ON attendance_stale_weeks USING ({rule}) WITH CHECK ({rule})")
    seen = f"{TENANT} AND ({STUDENT})"
    ddl.protect_by("attendance_totals", seen, check=seen, may="SELECT, INSERT, DELETE")
    ddl.protect_by("attendance_week_sums", ddl.WHOLE, check=ddl.WHOLE, may="SELECT, INSERT, UPDATE, DELETE")
    ddl.protect("attendance_total_windows", "tenant", may="SELECT, INSERT, DELETE")
    _drop_triggers()
    # only those triggers called them
    op.execute(
        "-- squawk-ignore ban-drop-function\nDROP FUNCTION rollbook_note_marks(), rollbook_note_days()"
    )
    op.execute(NOTES)
    _add_triggers()


def downgrade() -> None:
    _drop_triggers()
    op.execute("DROP FUNCTION rollbook_note_changes()")
    _restore()
    op.execute("DROP POLICY walled_rows ON attendance_stale_weeks")
    op.execute(f"CREATE POLICY tenant_rows ON attendance_stale_weeks USING ({TENANT}) WITH CHECK ({TENANT})")
    op.drop_column("attendance_stale_weeks", "student_id")
    _note_everything()
    for table in ("attendance_total_windows", "attendance_totals", "attendance_week_sums"):
        op.drop_table(table)


def _restore() -> None:
    """Make the notes and triggers of 20261121_0972."""
    former = import_module("rollbook.migrations.versions.20261121_0972_keep_weeks_of_attendance")
    op.execute(former.NOTES.partition("-- Students' weeks from since to until")[0])
    op.execute("REVOKE EXECUTE ON FUNCTION rollbook_note_marks(), rollbook_note_days() FROM public")
    for event, tables in former.EVENTS.items():
        for table in ("attendance_records", *former.TRIGGERS):
            arguments = ", ".join(_quoted(one) for one in former.TRIGGERS.get(table, ()))
            call = "rollbook_note_marks()" if not arguments else f"rollbook_note_days({arguments})"
            _add_trigger(table, event, tables, call)


def _note_everything() -> None:
    op.execute("ALTER TABLE attendance_stale_weeks NO FORCE ROW LEVEL SECURITY")
    op.execute(
        "INSERT INTO attendance_stale_weeks (tenant_id, since, until)"
        " SELECT tenant_id, '-infinity', 'infinity' FROM tenants"
    )
    op.execute("ALTER TABLE attendance_stale_weeks FORCE ROW LEVEL SECURITY")


def _add_triggers() -> None:
    changes = {"attendance_records": (MARKED, ""), "attendance_submissions": (SUBMITTED, ENROLLED)}
    changes |= {table: (_changes(*said[:4]), said[4]) for table, said in TABLES.items()}
    for table, (changed, whom) in changes.items():
        for event, tables in EVENTS.items():
            call = f"rollbook_note_changes({_quoted(changed[event])}, {_quoted(whom)})"
            _add_trigger(table, event, tables, call)


def _changes(columns: str, whose: str, since: str, until: str) -> dict[str, str]:
    return {
        event: f"SELECT {whose}, min({since}) AS since, max({until}) AS until"  # noqa: S608 -- ours
        f" FROM ({rows.format(columns=columns)}) AS differing GROUP BY {whose}"
        for event, rows in CHANGED.items()
    }


def _add_trigger(table: str, event: str, tables: str, call: str) -> None:
    op.execute(
        f"CREATE TRIGGER note_{event.lower()} AFTER {event} ON {table} REFERENCING {tables}"
        f" FOR EACH STATEMENT EXECUTE FUNCTION {call}"
    )


def _drop_triggers() -> None:
    for event in EVENTS:
        for table in ("attendance_records", "attendance_submissions", *TABLES):
            op.execute(f"DROP TRIGGER note_{event.lower()} ON {table}")


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"

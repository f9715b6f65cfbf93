"""What migrations give to tables for roles of BI: policies that go by ``current_user``, and rights to read.

A setting is no wall for somebody who types SQL, so where a BI role may read, the policies that go by settings
are for the app and the owner alone. Frozen like ddl.
"""

from typing import Final, Literal

from alembic import op

BI_ROLE: Final = "rollbook_bi"
_MINE: Final = "(SELECT {what} FROM bi_roles AS me WHERE me.role_name = current_user)"
_TENANT: Final = f"tenant_id = {_MINE.format(what='me.tenant_id')}"
_WHOLE: Final = _MINE.format(what="me.school_id IS NULL")
_OF_STUDENTS: Final = "student_id IN (SELECT s.student_id FROM bi_students AS s)"
_OF_GUARDIANS: Final = "guardian_id IN (SELECT s.guardian_id FROM student_guardians AS s)"
_OF_INCIDENTS: Final = "incident_id IN (SELECT p.incident_id FROM incident_participants AS p)"
_RULES: Final = {
    "tenant": _TENANT,
    "student": f"{_TENANT} AND ({_WHOLE} OR {_OF_STUDENTS})",
    "school": f"{_TENANT} AND ({_WHOLE} OR school_id = {_MINE.format(what='me.school_id')})",
    "guardian": f"{_TENANT} AND ({_WHOLE} OR {_OF_GUARDIANS})",
    "incident": f"{_TENANT} AND ({_WHOLE} OR {_OF_INCIDENTS})",
}
# How to reach somebody, and what was written about them in sentences, is for doors, which note who reads it.
PRIVATE: Final = (
    "email phone address metadata comment notes note injury educator_notes description reported_by"
)
_PRIVATE_OF: Final = ("student", "guardian", "incident")
Rule = Literal["tenant", "student", "school", "guardian", "incident"]

# Students of the caller's school, as a principal sees them: there now, or earlier in its newest year.
BI_STUDENTS: Final = """
CREATE VIEW bi_students WITH (security_invoker = true) AS
SELECT DISTINCT stays.tenant_id, stays.student_id
FROM student_school_enrollments AS stays
INNER JOIN tenants USING (tenant_id)
CROSS JOIN LATERAL (SELECT (now() AT TIME ZONE tenants.time_zone)::date AS today) AS clock
WHERE (stays.entry_on <= clock.today AND (stays.exit_on IS NULL OR stays.exit_on > clock.today))
    OR stays.school_year = (SELECT max(newest.school_year) FROM student_school_enrollments AS newest)
"""
# Who migrates owns the tables, whatever its name.
_BY_SETTING: Final = """
DO $do$
DECLARE
    policy record;
    those name[] := {from_roles};
BEGIN
    FOR policy IN
        SELECT policyname FROM pg_policies
        WHERE schemaname = 'public' AND tablename = '{table}' AND roles @> those AND roles <@ those
    LOOP
        EXECUTE format('ALTER POLICY %I ON {table} TO {to_roles}', policy.policyname);
    END LOOP;
END
$do$
"""
_EVERYBODY: Final = "ARRAY['public']::name[]"
_APP_AND_OWNER: Final = "ARRAY['rollbook_app', current_user]::name[]"
_READ: Final = """
DO $do$
DECLARE
    open_columns text;
BEGIN
    SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) INTO open_columns
    FROM pg_attribute
    WHERE attrelid = '{table}'::regclass AND attnum > 0 AND NOT attisdropped
        AND attname <> ALL(string_to_array('{private}', ' '));
    EXECUTE format('GRANT SELECT (%s) ON {table} TO rollbook_bi', open_columns);
END
$do$
"""


def open_to_bi(table: str, rule: Rule) -> None:
    """Let BI roles read ``table`` within ``rule``, by who they are and by no setting."""
    by_setting(table)
    op.execute(f"CREATE POLICY bi_rows ON {table} FOR SELECT TO {BI_ROLE} USING ({_RULES[rule]})")
    if rule in _PRIVATE_OF:
        op.execute(_READ.format(table=table, private=PRIVATE))
    else:
        op.execute(f"GRANT SELECT ON {table} TO {BI_ROLE}")


def by_setting(table: str) -> None:
    """Let the policies of ``table`` that go by settings serve the app and the owner, and nobody else."""
    op.execute(_BY_SETTING.format(table=table, from_roles=_EVERYBODY, to_roles="rollbook_app, CURRENT_USER"))


def close_to_bi(table: str) -> None:
    """Take back ``open_to_bi``."""
    op.execute(f"REVOKE ALL ON {table} FROM {BI_ROLE}")
    op.execute(f"DROP POLICY bi_rows ON {table}")
    op.execute(_BY_SETTING.format(table=table, from_roles=_APP_AND_OWNER, to_roles="PUBLIC"))

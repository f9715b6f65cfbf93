"""Read weeks and totals of attendance that are kept, and count those that are not."""

from importlib import import_module
from typing import Final

from alembic import op

revision = "20261121_0981"
down_revision = "20261121_0980"
branch_labels = None
depends_on = None

READERS: Final = """
-- Weeks of some students, or all in sight (null): those whose Mondays are kept (unless with_kept is false),
-- and the others of [counted_since, counted_until], counted now (null: there are none). Who stands apart is
-- counted now, in [since, until]. Whoever asks names the days, so that the planner knows how many they are.
CREATE FUNCTION rollbook_attendance_weeks(
    students uuid[], apart uuid[], since date, until date, kept date[],
    counted_since date, counted_until date, with_kept boolean
) RETURNS TABLE (
    student_id uuid, week date, school_id uuid, grade_level smallint, days bigint, missed numeric,
    unexcused bigint, tardy bigint
)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT w.student_id, w.week, w.school_id, w.grade_level, w.days, w.missed, w.unexcused, w.tardy
FROM public.attendance_weeks AS w
WHERE
    with_kept
    AND w.week = ANY(kept)
    AND (students IS NULL OR w.student_id = ANY(students))
    AND w.student_id <> ALL(apart)
UNION ALL
SELECT
    d.student_id, d.date - (d.date - DATE '0001-01-01') % 7, d.school_id, max(d.grade_level), count(*),
    sum(d.missed), count(*) FILTER (WHERE d.is_unexcused AND d.missed > 0), count(*) FILTER (WHERE d.is_tardy)
FROM rollbook_attendance_days(students, counted_since, counted_until, 'infinity') AS d
WHERE
    counted_since IS NOT NULL
    AND d.school_id IS NOT NULL
    AND d.student_id <> ALL(apart)
    AND d.date - (d.date - DATE '0001-01-01') % 7 <> ALL(kept)
GROUP BY d.student_id, d.date - (d.date - DATE '0001-01-01') % 7, d.school_id
UNION ALL
SELECT
    d.student_id, d.date - (d.date - DATE '0001-01-01') % 7, d.school_id, max(d.grade_level), count(*),
    sum(d.missed), count(*) FILTER (WHERE d.is_unexcused AND d.missed > 0), count(*) FILTER (WHERE d.is_tardy)
FROM rollbook_attendance_days(apart, since, until, 'infinity') AS d
WHERE d.school_id IS NOT NULL AND cardinality(apart) > 0
GROUP BY d.student_id, d.date - (d.date - DATE '0001-01-01') % 7, d.school_id
$$;

-- What those students, and who stands apart, missed in all, at the school and in the grade of their last day.
CREATE FUNCTION rollbook_attendance_totals(
    students uuid[], apart uuid[], since date, until date, kept date[],
    counted_since date, counted_until date
) RETURNS TABLE (
    student_id uuid, school_id uuid, grade_level smallint, days bigint, missed numeric, unexcused bigint
)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
WITH totals AS MATERIALIZED (
    SELECT
        w.student_id, sum(w.days::int) AS days, sum(w.missed) AS missed, sum(w.unexcused::int) AS unexcused
    FROM rollbook_attendance_weeks(
        students, apart, since, until, kept, counted_since, counted_until, true
    ) AS w
    GROUP BY w.student_id
),

last_enrollments AS (
    SELECT DISTINCT ON (e.student_id) e.student_id, e.school_id, e.grade_level
    FROM public.student_school_enrollments AS e
    WHERE
        e.is_primary
        AND e.entry_on <= until
        AND (e.exit_on IS NULL OR e.exit_on > e.entry_on)
        AND (students IS NULL OR e.student_id = ANY(students || apart))
    ORDER BY e.student_id ASC, e.entry_on DESC
)

SELECT t.student_id, l.school_id, l.grade_level, t.days, t.missed, t.unexcused
FROM totals AS t
INNER JOIN last_enrollments AS l ON t.student_id = l.student_id
$$;
REVOKE EXECUTE ON FUNCTION
    rollbook_attendance_weeks(uuid[], uuid[], date, date, date[], date, date, boolean),
    rollbook_attendance_totals(uuid[], uuid[], date, date, date[], date, date)
FROM public;
GRANT EXECUTE ON FUNCTION
    rollbook_attendance_weeks(uuid[], uuid[], date, date, date[], date, date, boolean),
    rollbook_attendance_totals(uuid[], uuid[], date, date, date[], date, date)
TO rollbook_app;
"""


def upgrade() -> None:
    # our own queries alone call it
    op.execute(
        "-- squawk-ignore ban-drop-function\nDROP FUNCTION rollbook_attendance_weeks(uuid[], date, date)"
    )
    op.execute(READERS)


def downgrade() -> None:
    op.execute(
        "DROP FUNCTION"
        " rollbook_attendance_totals(uuid[], uuid[], date, date, date[], date, date),"
        " rollbook_attendance_weeks(uuid[], uuid[], date, date, date[], date, date, boolean)"
    )
    former = import_module("rollbook.migrations.versions.20261121_0972_keep_weeks_of_attendance")
    _, begin, rest = former.NOTES.partition("-- Students' weeks from since to until")
    body, _, _ = rest.partition("REVOKE EXECUTE")
    op.execute(begin + body)
    name = "rollbook_attendance_weeks(uuid[], date, date)"
    op.execute(
        f"REVOKE EXECUTE ON FUNCTION {name} FROM public; GRANT EXECUTE ON FUNCTION {name} TO rollbook_app"
    )

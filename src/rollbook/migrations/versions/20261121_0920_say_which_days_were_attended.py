"""Say in one place which school days a student missed, as known at an instant."""

from alembic import op

revision = "20261121_0920"
down_revision = "20261121_0911"
branch_labels = None
depends_on = None

# One row for each student and day that counts. It is a function, not a view alone, because what was known at
# an instant cannot be asked of a view; it is plain SQL without STRICT or SET, so that the planner puts its
# body in place of the call. It runs with the caller's rights: row-level security applies.
#
# A day with a mark counts, unless the calendar of the student's school says that there was no school.
# Where a school sends exceptions only, an instructional day within the primary enrollment [entry_on, exit_on)
# that has no mark was attended; after submitted_through nothing counts, marked or not: who was present is not
# known yet.
#
# Of a day with marks by period, the share of its periods was missed. Where only exceptions are sent, the
# marks do not say how many periods there were: the student's sections do, and there were at least as many
# as the highest that has a mark.
DAYS = """
CREATE FUNCTION rollbook_attendance_days(
    students uuid[], since date, until date, known_until timestamptz
) RETURNS TABLE (
    tenant_id integer, student_id uuid, date date, school_id uuid, grade_level smallint, is_marked boolean,
    missed numeric, is_unexcused boolean, is_excused boolean, is_tardy boolean
)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
WITH known_marks AS NOT MATERIALIZED (
    SELECT m.tenant_id, m.student_id, m.date, m.period, m.status::text AS status
    FROM public.attendance_records AS m
    WHERE
        m.date BETWEEN since AND until
        AND m.known_at < known_until
        AND (students IS NULL OR m.student_id = ANY(students))
    UNION ALL
    SELECT m.tenant_id, m.student_id, m.date, m.period, m.status
    FROM public.attendance_records_history AS m
    WHERE
        m.date BETWEEN since AND until
        AND m.known_at < known_until
        AND known_until < 'infinity'
        AND m.superseded_at >= known_until
        AND (students IS NULL OR m.student_id = ANY(students))
),

known_enrollments AS NOT MATERIALIZED (
    SELECT e.tenant_id, e.student_id, e.enrollment_id, e.school_id, e.grade_level, e.entry_on, e.exit_on
    FROM public.student_school_enrollments AS e
    WHERE e.is_primary AND e.known_at < known_until AND (students IS NULL OR e.student_id = ANY(students))
    UNION ALL
    SELECT e.tenant_id, e.student_id, e.enrollment_id, e.school_id, e.grade_level, e.entry_on, e.exit_on
    FROM public.student_school_enrollments_history AS e
    WHERE
        e.is_primary
        AND e.known_at < known_until
        AND known_until < 'infinity'
        AND e.superseded_at >= known_until
        AND (students IS NULL OR e.student_id = ANY(students))
),

-- What was known at an instant may overlap, as a transfer becomes known in two steps: the later entry wins.
enrolled AS NOT MATERIALIZED (
    SELECT
        e.tenant_id, e.student_id, e.school_id, e.grade_level, e.entry_on,
        coalesce(
            least(
                e.exit_on,
                lead(e.entry_on) OVER (
                    PARTITION BY e.tenant_id, e.student_id ORDER BY e.entry_on, e.enrollment_id
                )
            ),
            'infinity'
        ) AS exit_on
    FROM known_enrollments AS e
),

known_days AS NOT MATERIALIZED (
    SELECT c.tenant_id, c.school_id, c.date, c.is_instructional
    FROM public.school_calendar_days AS c
    WHERE c.date BETWEEN since AND until AND c.known_at < known_until
    UNION ALL
    SELECT c.tenant_id, c.school_id, c.date, c.is_instructional
    FROM public.school_calendar_days_history AS c
    WHERE
        c.date BETWEEN since AND until
        AND c.known_at < known_until
        AND known_until < 'infinity'
        AND c.superseded_at >= known_until
),

-- Only schools that send exceptions.
known_submissions AS NOT MATERIALIZED (
    SELECT s.tenant_id, s.school_id, coalesce(s.submitted_through, '-infinity') AS submitted_through
    FROM public.attendance_submissions AS s
    WHERE s.is_by_exception AND s.known_at < known_until
    UNION ALL
    SELECT s.tenant_id, s.school_id, coalesce(s.submitted_through, '-infinity')
    FROM public.attendance_submissions_history AS s
    WHERE
        s.is_by_exception
        AND s.known_at < known_until
        AND known_until < 'infinity'
        AND s.superseded_at >= known_until
),

known_sections AS NOT MATERIALIZED (
    SELECT s.tenant_id, s.section_id, s.starts_on, s.ends_on, s.periods
    FROM public.sections AS s
    WHERE s.known_at < known_until
    UNION ALL
    SELECT s.tenant_id, s.section_id, s.starts_on, s.ends_on, s.periods
    FROM public.sections_history AS s
    WHERE s.known_at < known_until AND known_until < 'infinity' AND s.superseded_at >= known_until
),

known_places AS NOT MATERIALIZED (
    SELECT p.tenant_id, p.student_id, p.section_id, p.enrolled_on, p.withdrawn_on
    FROM public.course_enrollments AS p
    WHERE p.known_at < known_until
    UNION ALL
    SELECT p.tenant_id, p.student_id, p.section_id, p.enrolled_on, p.withdrawn_on
    FROM public.course_enrollments_history AS p
    WHERE p.known_at < known_until AND known_until < 'infinity' AND p.superseded_at >= known_until
),

marked AS NOT MATERIALIZED (
    SELECT
        m.tenant_id, m.student_id, m.date,
        max((m.status IN ('absent', 'excused'))::int) FILTER (WHERE m.period = 0) AS day_missed,
        count(*) FILTER (WHERE m.status IN ('absent', 'excused')) AS marks_missed,
        count(*) AS marks,
        max(m.period) AS highest_period,
        bool_or(m.status = 'absent') AS is_unexcused,
        bool_or(m.status = 'excused') AS is_excused,
        bool_or(m.status = 'tardy') AS is_tardy
    FROM known_marks AS m
    GROUP BY m.tenant_id, m.student_id, m.date
)

SELECT
    marked.tenant_id, marked.student_id, marked.date, enrolled.school_id, enrolled.grade_level,
    true AS is_marked,
    CASE
        WHEN marked.day_missed IS NOT NULL THEN marked.day_missed::numeric
        WHEN submissions.school_id IS NULL THEN marked.marks_missed::numeric / marked.marks
        WHEN marked.marks_missed = 0 THEN 0
        ELSE marked.marks_missed::numeric / greatest(
            marked.marks,
            marked.highest_period,
            (
                SELECT count(DISTINCT period)
                FROM known_places AS places
                INNER JOIN known_sections AS sections
                    ON places.tenant_id = sections.tenant_id AND places.section_id = sections.section_id
                CROSS JOIN unnest(sections.periods) AS period
                WHERE
                    places.tenant_id = marked.tenant_id
                    AND places.student_id = marked.student_id
                    AND (places.enrolled_on IS NULL OR places.enrolled_on <= marked.date)
                    AND (places.withdrawn_on IS NULL OR places.withdrawn_on > marked.date)
                    AND marked.date BETWEEN sections.starts_on AND sections.ends_on
            )
        )
    END AS missed,
    marked.is_unexcused, marked.is_excused, marked.is_tardy
FROM marked
LEFT JOIN enrolled
    ON
        marked.tenant_id = enrolled.tenant_id
        AND marked.student_id = enrolled.student_id
        AND marked.date >= enrolled.entry_on
        AND marked.date < enrolled.exit_on
LEFT JOIN known_days
    ON
        enrolled.tenant_id = known_days.tenant_id
        AND enrolled.school_id = known_days.school_id
        AND marked.date = known_days.date
LEFT JOIN known_submissions AS submissions
    ON enrolled.tenant_id = submissions.tenant_id AND enrolled.school_id = submissions.school_id
WHERE
    known_days.is_instructional IS DISTINCT FROM false
    AND (submissions.school_id IS NULL OR marked.date <= submissions.submitted_through)
UNION ALL
SELECT
    enrolled.tenant_id, enrolled.student_id, known_days.date, enrolled.school_id, enrolled.grade_level,
    false, 0, false, false, false
FROM enrolled
INNER JOIN known_submissions AS submissions
    ON enrolled.tenant_id = submissions.tenant_id AND enrolled.school_id = submissions.school_id
INNER JOIN known_days
    ON
        enrolled.tenant_id = known_days.tenant_id
        AND enrolled.school_id = known_days.school_id
        AND known_days.is_instructional
        AND known_days.date >= enrolled.entry_on
        AND known_days.date < enrolled.exit_on
        AND known_days.date <= submissions.submitted_through
WHERE
    NOT EXISTS (
        SELECT
        FROM known_marks
        WHERE
            known_marks.tenant_id = enrolled.tenant_id
            AND known_marks.student_id = enrolled.student_id
            AND known_marks.date = known_days.date
    )
$$
"""
GRANTS = """
REVOKE EXECUTE ON FUNCTION rollbook_attendance_days(uuid[], date, date, timestamptz) FROM public;
GRANT EXECUTE ON FUNCTION rollbook_attendance_days(uuid[], date, date, timestamptz) TO rollbook_app;
CREATE VIEW attendance_days WITH (security_invoker = true) AS
SELECT * FROM rollbook_attendance_days(NULL, '-infinity', 'infinity', 'infinity');
COMMENT ON VIEW attendance_days IS
    'Which school days students missed, as known now. Grain: one row per (tenant, student, date)';
GRANT SELECT ON attendance_days TO rollbook_app;
"""


def upgrade() -> None:
    op.execute(DAYS)
    op.execute(GRANTS)


def downgrade() -> None:
    op.execute("DROP VIEW attendance_days")
    op.execute("DROP FUNCTION rollbook_attendance_days(uuid[], date, date, timestamptz)")

-- Attendance's inputs to risk. Contract: see rollbook/risk/__init__.py.

-- name: days_missed
-- How many school days a student missed, and lately, as known then. Absent and excused both count as missed
-- (ED FS195). Where a day has marks by period only, it is missed by the share of its periods.
-- returns  subject int and the features of room "attendance" in risk/catalogue.py
WITH marks AS (
    SELECT
        student_id,
        date,
        period,
        status,
        known_at,
        'infinity'::timestamptz AS superseded_at
    FROM attendance_records
    UNION ALL
    SELECT
        student_id,
        date,
        period,
        status,
        known_at,
        superseded_at
    FROM attendance_records_history
),

days AS (
    SELECT
        cohort.subject,
        marks.date,
        marks.date >= cohort.since AS is_this_term,
        coalesce(
            max((marks.status IN ('absent', 'excused'))::int) FILTER (WHERE marks.period = 0)::numeric,
            avg((marks.status IN ('absent', 'excused'))::int)
        ) AS missed,
        max((marks.status = 'absent')::int) AS unexcused,
        max((marks.status = 'tardy')::int) AS tardy,
        row_number() OVER (PARTITION BY cohort.subject ORDER BY marks.date DESC) AS nth_latest
    FROM cohort
    INNER JOIN marks
        ON
            cohort.student_id = marks.student_id
            AND cohort.known_until > marks.known_at
            AND cohort.known_until <= marks.superseded_at
            AND marks.date BETWEEN cohort.as_of - 365 AND cohort.as_of
    GROUP BY cohort.subject, cohort.since, marks.date
),

ordered AS (
    SELECT
        *,
        min(nth_latest) FILTER (WHERE missed < 1) OVER (PARTITION BY subject) AS latest_attended
    FROM days
)

SELECT
    subject,
    count(*) FILTER (WHERE is_this_term) AS days_marked,
    (sum(missed) FILTER (WHERE is_this_term))::double precision AS days_missed,
    (avg(missed) FILTER (WHERE is_this_term))::double precision AS missed_rate,
    (avg(missed) FILTER (WHERE nth_latest <= 20))::double precision AS missed_rate_20,
    avg(missed)::double precision AS missed_rate_year,
    (avg(unexcused) FILTER (WHERE is_this_term))::double precision AS unexcused_rate,
    (avg(tardy) FILTER (WHERE is_this_term))::double precision AS tardy_rate,
    count(*) FILTER (WHERE nth_latest < coalesce(latest_attended, 1000)) AS missed_in_a_row
FROM ordered
GROUP BY subject;

-- Attendance's inputs to risk. Contract: see rollbook/risk/__init__.py.

-- name: days_missed
-- How many school days a student missed, and lately, as known then. Absent and excused both count as missed
-- (ED FS195). Where a day has marks by period only, it is missed by the share of its periods.
-- returns  subject int and the features of room "attendance" in risk/catalogue.py
WITH days AS (
    SELECT
        cohort.subject,
        attended.date >= cohort.since AS is_this_term,
        attended.missed,
        attended.is_unexcused::int AS unexcused,
        attended.is_tardy::int AS tardy,
        row_number() OVER (PARTITION BY cohort.subject ORDER BY attended.date DESC) AS nth_latest
    FROM cohort_days
    CROSS JOIN
        LATERAL rollbook_attendance_days(
            NULL, cohort_days.as_of - 365, cohort_days.as_of, cohort_days.known_until
        ) AS attended
    INNER JOIN cohort ON cohort_days.as_of = cohort.as_of AND attended.student_id = cohort.student_id
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

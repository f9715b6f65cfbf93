-- name: calendar_days
-- The days of a school's calendar in a window, as known before an instant.
-- params   tenant_id int, school_id uuid, since date, until date (both inclusive), only_instructional boolean,
--          known_until timestamptz or null (what is known now)
-- returns  date date, is_instructional boolean, term_code text
WITH versions AS (
    SELECT
        date,
        is_instructional,
        term_code,
        known_at,
        'infinity'::timestamptz AS superseded_at
    FROM school_calendar_days
    WHERE tenant_id = :tenant_id AND school_id = :school_id AND date BETWEEN :since AND :until
    UNION ALL
    SELECT
        date,
        is_instructional,
        term_code,
        known_at,
        superseded_at
    FROM school_calendar_days_history
    WHERE tenant_id = :tenant_id AND school_id = :school_id AND date BETWEEN :since AND :until
)

SELECT
    date,
    is_instructional,
    term_code
FROM versions
WHERE
    known_at < coalesce(cast(:known_until AS timestamptz), 'infinity')
    AND superseded_at >= coalesce(cast(:known_until AS timestamptz), 'infinity')
    AND (is_instructional OR NOT cast(:only_instructional AS boolean))
ORDER BY date;

-- name: calendar_months
-- How many instructional days a school has in each month of a window.
-- params   tenant_id int, school_id uuid, since date, until date (both inclusive)
-- returns  month date (its first day), instructional int, other int, first_day date, last_day date
SELECT
    date_trunc('month', date)::date AS month,
    count(*) FILTER (WHERE is_instructional) AS instructional,
    count(*) FILTER (WHERE NOT is_instructional) AS other,
    min(date) FILTER (WHERE is_instructional) AS first_day,
    max(date) FILTER (WHERE is_instructional) AS last_day
FROM school_calendar_days
WHERE tenant_id = :tenant_id AND school_id = :school_id AND date BETWEEN :since AND :until
GROUP BY date_trunc('month', date)::date
ORDER BY month ASC;

-- name: sessions_of_year
-- The school year and its parts, in order, each after what it is a part of.
-- params   tenant_id int, school_year int
-- returns  the columns of AcademicPeriod in calendar.py
SELECT
    session_id,
    session_code,
    title,
    session_type,
    starts_on,
    ends_on,
    school_year,
    parent_session_id
FROM academic_sessions
WHERE tenant_id = :tenant_id AND school_year = :school_year
ORDER BY starts_on ASC, ends_on DESC, session_code ASC;

-- name: sessions_on
-- The sessions that a day is in, the widest first.
-- params   tenant_id int, on_day date
-- returns  the columns of AcademicPeriod in calendar.py
SELECT
    session_id,
    session_code,
    title,
    session_type,
    starts_on,
    ends_on,
    school_year,
    parent_session_id
FROM academic_sessions
WHERE tenant_id = :tenant_id AND :on_day BETWEEN starts_on AND ends_on
ORDER BY ends_on - starts_on DESC, session_code ASC;

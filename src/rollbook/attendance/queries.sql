-- name: student_weeks
-- A student's school days by week. Where there are marks by period only, a day is missed if every mark says so.
-- params   tenant_id int, student_id uuid, since date, until date (both inclusive)
-- returns  week date (its Monday), days int, missed int, tardy int
WITH days AS (
    SELECT
        date,
        bool_and(status IN ('absent', 'excused')) AS is_missed,
        bool_or(status = 'tardy') AS is_tardy
    FROM attendance_records
    WHERE
        tenant_id = :tenant_id
        AND student_id = :student_id
        AND date >= :since
        AND date <= :until
    GROUP BY date
)

SELECT
    date - (extract(ISODOW FROM date)::int - 1) AS week,
    count(*) AS days,
    count(*) FILTER (WHERE is_missed) AS missed,
    count(*) FILTER (WHERE is_tardy) AS tardy
FROM days
GROUP BY week
ORDER BY week;

-- name: student_marks
-- A student's last marks other than present, newest first.
-- params   tenant_id int, student_id uuid, since date, until date (both inclusive), most int
-- returns  date, period int, status text, minutes_late int, reason text
SELECT
    date,
    period,
    status,
    minutes_late,
    reason
FROM attendance_records
WHERE
    tenant_id = :tenant_id
    AND student_id = :student_id
    AND date >= :since
    AND date <= :until
    AND status <> 'present'
ORDER BY date DESC, period ASC
LIMIT :most;

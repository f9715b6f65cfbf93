-- The logs of audit with the names of those whom they are about.

-- name: showings
-- Who was shown records, a row for each request, newest first; with the student where it is one. It looks at the
-- newest 100,000 disclosures that fit, so that a log of years is not read for a page.
-- params   tenant_id int, student_id uuid, user_id uuid, since timestamptz, until timestamptz, page_size int
-- returns  the columns of Showing in log.py
WITH newest AS (
    SELECT *
    FROM disclosures
    WHERE
        tenant_id = :tenant_id
        AND (cast(:student_id AS uuid) IS NULL OR student_id = :student_id)
        AND (cast(:user_id AS uuid) IS NULL OR user_id = :user_id)
        AND (cast(:since AS timestamptz) IS NULL OR at >= :since)
        AND (cast(:until AS timestamptz) IS NULL OR at < :until)
    ORDER BY disclosure_id DESC
    LIMIT 100000
),

showing AS (
    SELECT
        request_id,
        user_id,
        who,
        what,
        interest,
        purpose,
        at,
        count(*) AS students,
        (array_agg(student_id ORDER BY disclosure_id))[1] AS first_id
    FROM newest
    GROUP BY request_id, user_id, who, what, interest, purpose, at
    ORDER BY at DESC
    LIMIT :page_size
)

SELECT
    showing.at,
    concat_ws(' by ', users.email, nullif(showing.who, '')) AS who,
    showing.request_id,
    showing.what,
    showing.interest,
    showing.purpose,
    showing.students,
    students.student_id,
    students.student_number,
    nullif(
        concat_ws(' ', coalesce(students.preferred_name, students.first_name), students.last_name), ''
    ) AS name
FROM showing
LEFT JOIN users ON users.tenant_id = :tenant_id AND showing.user_id = users.user_id
LEFT JOIN students
    ON students.tenant_id = :tenant_id AND showing.students = 1 AND showing.first_id = students.student_id
ORDER BY showing.at DESC;

-- name: writes
-- What was written, newest first, with who did it.
-- params   tenant_id int, table_name text, student_id text, user_id uuid, since timestamptz, until timestamptz,
--          page_size int
-- returns  the columns of Written in log.py
SELECT
    written.write_id,
    written.at,
    coalesce(
        nullif(concat_ws(' by ', users.email, nullif(written.who, '')), ''), written.session_role
    ) AS who,
    written.request_id,
    written.purpose,
    written.table_name,
    written.command,
    written.row_count,
    written.by_import,
    written.changes
FROM audit_writes AS written
LEFT JOIN users ON users.tenant_id = :tenant_id AND written.user_id = users.user_id
WHERE
    written.tenant_id = :tenant_id
    AND (cast(:table_name AS text) IS NULL OR written.table_name = :table_name)
    AND (cast(:user_id AS uuid) IS NULL OR written.user_id = :user_id)
    AND (
        cast(:student_id AS text) IS NULL
        OR written.changes @> jsonb_build_array(
            jsonb_build_object('key', jsonb_build_object('student_id', cast(:student_id AS text)))
        )
    )
    AND (cast(:since AS timestamptz) IS NULL OR written.at >= :since)
    AND (cast(:until AS timestamptz) IS NULL OR written.at < :until)
ORDER BY written.write_id DESC
LIMIT :page_size;

-- name: audited_tables
-- The tables whose writes are in the log.
-- params   none
-- returns  table_name text
SELECT pg_class.relname AS table_name
FROM pg_trigger
INNER JOIN pg_class ON pg_trigger.tgrelid = pg_class.oid
WHERE pg_trigger.tgname = 'audit_inserted'
ORDER BY pg_class.relname;

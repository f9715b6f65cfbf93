-- What a class did on a day, in activities and fitness tests alike.

-- name: measured
-- What can be written down: activities with their highest score, fitness tests with their unit.
-- params   tenant_id int, most_result int
-- returns  kind text (activity, test), code, name, unit text, least int, most numeric
SELECT
    'activity' AS kind,
    activity_code AS code,
    name,
    'of ' || trim_scale(max_score) AS unit,
    0 AS least,
    max_score AS most
FROM activities
WHERE tenant_id = :tenant_id
UNION ALL
SELECT
    'test' AS kind,
    test_code AS code,
    name,
    unit,
    -:most_result AS least,
    cast(:most_result AS numeric) AS most
FROM fitness_tests
WHERE tenant_id = :tenant_id
ORDER BY name, kind, code;

-- name: kept_of_activity
-- The first attempt of each of these students on a day.
-- params   tenant_id int, code text, day date, student_ids uuid[]
-- returns  student_id uuid, amount, minutes numeric or null, notes text or null
SELECT
    performances.student_id,
    performances.score AS amount,
    performances.duration_minutes AS minutes,
    performances.notes
FROM student_activity_performances AS performances
INNER JOIN activities USING (tenant_id, activity_id)
WHERE
    performances.tenant_id = :tenant_id
    AND activities.activity_code = :code
    AND performances.performed_on = :day
    AND performances.attempt = 1
    AND performances.student_id = ANY(cast(:student_ids AS uuid[]));

-- name: kept_of_test
-- The result of each of these students on a day.
-- params   tenant_id int, code text, day date, student_ids uuid[]
-- returns  student_id uuid, amount numeric, minutes numeric (none), notes text (none)
SELECT
    results.student_id,
    results.result_value AS amount,
    cast(NULL AS numeric) AS minutes,
    cast(NULL AS text) AS notes
FROM fitness_results AS results
INNER JOIN fitness_tests AS tests USING (tenant_id, fitness_test_id)
WHERE
    results.tenant_id = :tenant_id
    AND tests.test_code = :code
    AND results.tested_on = :day
    AND results.student_id = ANY(cast(:student_ids AS uuid[]));

-- Fitness tests. A result's zone follows from the tenant's own rules: the test, the sex, and the age in whole years
-- on the day of the test. Without a rule, a birth date or a sex that the rules know there is no zone.

-- name: set_zones
-- Keep rules of a test; those of a sex and age that are there already are replaced.
-- params   tenant_id int, fitness_test_id uuid, sexes text[], ages int[], lows numeric[], highs numeric[]
INSERT INTO fitness_zones AS kept (tenant_id, fitness_test_id, sex, age_years, low_value, high_value)
SELECT
    :tenant_id,
    :fitness_test_id,
    given.*
FROM unnest(
        cast(:sexes AS text[]), cast(:ages AS int[]), cast(:lows AS numeric[]), cast(:highs AS numeric[])
    ) AS given
ON CONFLICT (tenant_id, fitness_test_id, sex, age_years) DO UPDATE SET
    low_value = excluded.low_value,
    high_value = excluded.high_value,
    known_at = now(),
    import_id = NULL
WHERE (kept.low_value, kept.high_value) IS DISTINCT FROM (excluded.low_value, excluded.high_value);

-- name: record_results
-- Keep results of a test on a day; one that is there already is corrected.
-- params   tenant_id int, fitness_test_id uuid, tested_on date, student_ids uuid[], results numeric[]
INSERT INTO fitness_results AS kept (tenant_id, student_id, fitness_test_id, tested_on, result_value)
SELECT
    :tenant_id,
    given.student_id,
    :fitness_test_id,
    :tested_on,
    given.result_value
FROM unnest(cast(:student_ids AS uuid[]), cast(:results AS numeric[])) AS given (student_id, result_value)
ON CONFLICT (tenant_id, student_id, fitness_test_id, tested_on) DO UPDATE SET
    result_value = excluded.result_value,
    known_at = now(),
    import_id = NULL
WHERE kept.result_value IS DISTINCT FROM excluded.result_value;

-- name: results
-- Results with their zones, the newest first, of one student or of all in sight.
-- params   tenant_id int, student_id uuid or null, since date, until date (both inclusive)
-- returns  student_id uuid, test_code, name, unit text, tested_on date, result_value numeric, age_years int or null,
--          low_value, high_value numeric or null, zone text (below, healthy, above) or null (no rule)
SELECT
    results.student_id,
    tests.test_code,
    tests.name,
    tests.unit,
    results.tested_on,
    results.result_value,
    cast(extract(YEAR FROM age(results.tested_on, students.birth_date)) AS int) AS age_years,
    zones.low_value,
    zones.high_value,
    CASE
        WHEN zones.fitness_test_id IS NULL THEN NULL
        WHEN results.result_value < zones.low_value THEN 'below'
        WHEN results.result_value > zones.high_value THEN 'above'
        ELSE 'healthy'
    END AS zone
FROM fitness_results AS results
INNER JOIN fitness_tests AS tests USING (tenant_id, fitness_test_id)
INNER JOIN students USING (tenant_id, student_id)
LEFT JOIN fitness_zones AS zones
    ON
        results.tenant_id = zones.tenant_id
        AND results.fitness_test_id = zones.fitness_test_id
        AND zones.age_years = extract(YEAR FROM age(results.tested_on, students.birth_date))
        AND zones.sex = CASE
            WHEN lower(students.gender) IN ('f', 'female') THEN 'female'
            WHEN lower(students.gender) IN ('m', 'male') THEN 'male'
        END
WHERE
    results.tenant_id = :tenant_id
    AND (cast(:student_id AS uuid) IS NULL OR results.student_id = :student_id)
    AND results.tested_on BETWEEN :since AND :until
ORDER BY results.tested_on DESC, tests.test_code ASC, results.student_id ASC;

-- name: zone_shares
-- How many students are in which zone by their last result of a test, by school and grade on that day. A group in
-- which fewer than minimum have a zone says only that it is there: its figures could tell of one student.
-- params   tenant_id int, since date, until date (both inclusive), school text or null, minimum int
-- returns  test_code, name, unit text, school_code, school text or null, grade_level int or null,
--          students, below, healthy, above int or null (hidden), without_rule int or null (hidden)
WITH last_results AS (
    SELECT DISTINCT ON (student_id, fitness_test_id)
        tenant_id,
        student_id,
        fitness_test_id,
        tested_on,
        result_value
    FROM fitness_results
    WHERE tenant_id = :tenant_id AND tested_on BETWEEN :since AND :until
    ORDER BY student_id ASC, fitness_test_id ASC, tested_on DESC
),

placed AS (
    SELECT
        tests.test_code,
        tests.name,
        tests.unit,
        schools.school_code,
        schools.name AS school,
        coalesce(enrollments.grade_level, students.grade_level) AS grade_level,
        CASE
            WHEN zones.fitness_test_id IS NULL THEN NULL
            WHEN results.result_value < zones.low_value THEN 'below'
            WHEN results.result_value > zones.high_value THEN 'above'
            ELSE 'healthy'
        END AS zone
    FROM last_results AS results
    INNER JOIN fitness_tests AS tests USING (tenant_id, fitness_test_id)
    INNER JOIN students USING (tenant_id, student_id)
    LEFT JOIN student_school_enrollments AS enrollments
        ON
            results.tenant_id = enrollments.tenant_id
            AND results.student_id = enrollments.student_id
            AND enrollments.is_primary
            AND results.tested_on >= enrollments.entry_on
            AND (enrollments.exit_on IS NULL OR results.tested_on < enrollments.exit_on)
    LEFT JOIN schools
        ON enrollments.tenant_id = schools.tenant_id AND enrollments.school_id = schools.school_id
    LEFT JOIN fitness_zones AS zones
        ON
            results.tenant_id = zones.tenant_id
            AND results.fitness_test_id = zones.fitness_test_id
            AND zones.age_years = extract(YEAR FROM age(results.tested_on, students.birth_date))
            AND zones.sex = CASE
                WHEN lower(students.gender) IN ('f', 'female') THEN 'female'
                WHEN lower(students.gender) IN ('m', 'male') THEN 'male'
            END
    WHERE cast(:school AS text) IS NULL OR schools.school_code = :school
),

counted AS (
    SELECT
        test_code,
        name,
        unit,
        school_code,
        school,
        grade_level,
        count(zone) AS students,
        count(*) FILTER (WHERE zone = 'below') AS below,
        count(*) FILTER (WHERE zone = 'healthy') AS healthy,
        count(*) FILTER (WHERE zone = 'above') AS above,
        count(*) FILTER (WHERE zone IS NULL) AS without_rule
    FROM placed
    GROUP BY test_code, name, unit, school_code, school, grade_level
)

SELECT
    test_code,
    name,
    unit,
    school_code,
    school,
    grade_level,
    CASE WHEN students >= :minimum THEN students END AS students,
    CASE WHEN students >= :minimum THEN below END AS below,
    CASE WHEN students >= :minimum THEN healthy END AS healthy,
    CASE WHEN students >= :minimum THEN above END AS above,
    CASE WHEN students >= :minimum THEN without_rule END AS without_rule
FROM counted
ORDER BY test_code ASC, school ASC NULLS LAST, grade_level ASC NULLS LAST;

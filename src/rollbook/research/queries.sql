-- name: keep_people
-- The students of a copy, with every level of generalisation of what others may know of them ('*' is unknown).
-- params   none
CREATE TEMPORARY TABLE IF NOT EXISTS research_people (
    student_id uuid PRIMARY KEY,
    pseudonym text NOT NULL,
    shift_days integer NOT NULL,
    school_0 text NOT NULL,
    school_1 text NOT NULL,
    grade_0 text NOT NULL,
    grade_1 text NOT NULL,
    gender_0 text NOT NULL,
    race_0 text NOT NULL,
    race_1 text NOT NULL,
    english_learner_0 text NOT NULL,
    special_education_0 text NOT NULL,
    economic_status_0 text NOT NULL,
    language_0 text NOT NULL,
    language_1 text NOT NULL,
    absence_0 text NOT NULL,
    absence_1 text NOT NULL,
    courses_failed text NOT NULL,
    incidents text NOT NULL,
    school_dates text NOT NULL,
    other_dates text NOT NULL
) ON COMMIT DROP;

-- name: keep_released
-- The students as a copy has them, one row each.
-- params   none
CREATE TEMPORARY TABLE IF NOT EXISTS research_released (
    student_id uuid PRIMARY KEY,
    pseudonym text NOT NULL,
    shift_days integer NOT NULL,
    school text NOT NULL,
    grade text NOT NULL,
    gender text NOT NULL,
    race text NOT NULL,
    english_learner text NOT NULL,
    special_education text NOT NULL,
    economic_status text NOT NULL,
    language text NOT NULL,
    absence text NOT NULL,
    courses_failed text NOT NULL,
    incidents text NOT NULL,
    dates_given text NOT NULL,
    school_dates text NOT NULL,
    other_dates text NOT NULL,
    class bigint
) ON COMMIT DROP;

-- name: take_people
-- Take all students of a tenant, with pseudonyms and shifts of their dates: HMAC-SHA256 of the student's id
-- under the project's secret, whose inner and outer pads are given. Attendance is what attendance_days says.
-- params   tenant_id int, inner_pad bytea, outer_pad bytea, most_weeks int
INSERT INTO research_people
WITH latest AS (
    SELECT DISTINCT ON (enrollments.student_id)
        enrollments.student_id,
        schools.school_id,
        schools.school_type
    FROM student_school_enrollments AS enrollments
    INNER JOIN schools USING (tenant_id, school_id)
    WHERE enrollments.tenant_id = :tenant_id AND enrollments.is_primary
    ORDER BY enrollments.student_id ASC, enrollments.entry_on DESC
),

absences AS (
    SELECT
        student_id,
        sum(missed) / count(*) AS share,
        string_agg(date::text, ' ' ORDER BY date) FILTER (WHERE missed > 0) AS dates
    FROM attendance_days
    WHERE tenant_id = :tenant_id
    GROUP BY student_id
),

outcomes AS (
    SELECT
        student_id,
        count(*) FILTER (WHERE result IN ('fail', 'withdrawn')) AS failed
    FROM course_outcomes
    WHERE tenant_id = :tenant_id
    GROUP BY student_id
),

conduct AS (
    SELECT
        participants.student_id,
        count(*) FILTER (WHERE participants.participant_role = 'perpetrator') AS incidents,
        string_agg(incidents.incident_on::text, ' ' ORDER BY incidents.incident_on) AS dates
    FROM incident_participants AS participants
    INNER JOIN discipline_incidents AS incidents USING (tenant_id, incident_id)
    WHERE participants.tenant_id = :tenant_id
    GROUP BY participants.student_id
),

stays AS (
    SELECT
        student_id,
        string_agg(
            school_year || ':' || entry_on || ':' || coalesce(exit_on::text, ''), ' '
            ORDER BY entry_on, exit_on
        ) AS dates
    FROM student_school_enrollments
    WHERE tenant_id = :tenant_id
    GROUP BY student_id
),

digests AS (
    SELECT
        student_id,
        sha256(
            cast(:outer_pad AS bytea)
            || sha256(cast(:inner_pad AS bytea) || convert_to('student ' || student_id, 'UTF8'))
        ) AS name,
        sha256(
            cast(:outer_pad AS bytea)
            || sha256(cast(:inner_pad AS bytea) || convert_to('dates ' || student_id, 'UTF8'))
        ) AS dates
    FROM students
    WHERE tenant_id = :tenant_id
)

SELECT
    students.student_id,
    left(encode(digests.name, 'hex'), 32),
    7 * (
        mod(('x' || encode(substring(digests.dates FOR 4), 'hex'))::bit(32)::bigint, 2 * :most_weeks + 1)
        - :most_weeks
    )::integer,
    coalesce(
        left(
            encode(
                sha256(
                    cast(:outer_pad AS bytea)
                    || sha256(cast(:inner_pad AS bytea) || convert_to('school ' || latest.school_id, 'UTF8'))
                ), 'hex'
            ), 8
        ), 'none'
    ),
    coalesce(latest.school_type, 'none'),
    coalesce(students.grade_level::text, 'none'),
    CASE
        WHEN students.grade_level IS NULL THEN 'none'
        WHEN students.grade_level <= 5 THEN 'K-5'
        WHEN students.grade_level <= 8 THEN '6-8'
        ELSE '9-12'
    END,
    coalesce(nullif(students.gender, ''), 'none'),
    coalesce(
        (SELECT string_agg(race, '+' ORDER BY race) FROM unnest(students.race_ethnicity) AS races (race)),
        'none'
    ),
    CASE
        WHEN cardinality(students.race_ethnicity) > 1 THEN 'two or more'
        ELSE coalesce(students.race_ethnicity[1], 'none')
    END,
    coalesce(students.is_english_learner::text, 'none'),
    coalesce(students.is_special_education::text, 'none'),
    coalesce(students.economic_status, 'none'),
    coalesce(students.languages[1], 'none'),
    CASE
        WHEN students.languages[1] IS NULL THEN 'none'
        WHEN students.languages[1] ~* '^en' THEN 'English'
        ELSE 'other'
    END,
    CASE
        WHEN absences.share IS NULL THEN 'none'
        WHEN absences.share < 0.05 THEN 'under 5 %'
        WHEN absences.share < 0.10 THEN '5 to 10 %'
        WHEN absences.share < 0.20 THEN '10 to 20 %'
        ELSE '20 % or more'
    END,
    CASE
        WHEN absences.share IS NULL THEN 'none'
        WHEN absences.share < 0.10 THEN 'under 10 %'
        ELSE '10 % or more'
    END,
    CASE
        WHEN outcomes.failed IS NULL THEN 'none'
        WHEN outcomes.failed >= 3 THEN '3+'
        ELSE outcomes.failed::text
    END,
    CASE WHEN conduct.incidents >= 3 THEN '3+' ELSE coalesce(conduct.incidents, 0)::text END,
    coalesce(stays.dates, ''),
    coalesce(absences.dates, '') || '/' || coalesce(conduct.dates, '')
FROM students
INNER JOIN digests USING (student_id)
LEFT JOIN latest USING (student_id)
LEFT JOIN absences USING (student_id)
LEFT JOIN outcomes USING (student_id)
LEFT JOIN conduct USING (student_id)
LEFT JOIN stays USING (student_id)
WHERE students.tenant_id = :tenant_id;

-- name: values_there_are
-- How many values of each sensitive column the district has: no class can have more.
-- params   none
-- returns  one row: courses_failed bigint, incidents bigint
SELECT
    count(DISTINCT courses_failed) AS courses_failed,
    count(DISTINCT incidents) AS incidents
FROM research_people;

-- name: number_classes
-- Number the classes of students of whom the same is told, dates aside.
-- params   none
UPDATE research_released
SET class = classes.class
FROM (
    SELECT
        student_id,
        dense_rank() OVER (
            ORDER BY
                school, grade, gender, race, english_learner, special_education, economic_status, language,
                absence
        ) AS class
    FROM research_released
) AS classes
WHERE research_released.student_id = classes.student_id;

-- name: blur_rare
-- Take everything that others may know from the students of classes that have fewer than k, or too few values.
-- params   k int, l_courses_failed int, l_incidents int
UPDATE research_released
SET
    school = '*', grade = '*', gender = '*', race = '*', english_learner = '*', special_education = '*',
    economic_status = '*', language = '*', absence = '*'
WHERE
    class IN (
        SELECT class
        FROM research_released
        GROUP BY class
        HAVING
            count(*) < :k
            OR count(DISTINCT courses_failed) < :l_courses_failed
            OR count(DISTINCT incidents) < :l_incidents
    );

-- name: leave_out_rare
-- Leave out the students who are fewer than k, or have too few values, even with nothing told of them.
-- params   k int, l_courses_failed int, l_incidents int
DELETE FROM research_released
WHERE
    class IN (
        SELECT class
        FROM research_released
        GROUP BY class
        HAVING
            count(*) < :k
            OR count(DISTINCT courses_failed) < :l_courses_failed
            OR count(DISTINCT incidents) < :l_incidents
    );

-- name: give_dates
-- Give the dates of stays where k students of a class share them all, and those of absences and incidents
-- where k of these do; where fewer than k would be left without, nobody of them gets any.
-- params   k int
WITH stays AS (
    SELECT
        student_id,
        class,
        school_dates,
        other_dates,
        count(*) OVER (PARTITION BY class, school_dates) >= :k AS is_shared
    FROM research_released
),

stays_left AS (
    SELECT
        *,
        count(*) FILTER (WHERE NOT is_shared) OVER (PARTITION BY class) AS hidden
    FROM stays
),

days AS (
    SELECT
        *,
        is_shared AND (hidden = 0 OR hidden >= :k) AS gives_stays
    FROM stays_left
),

days_shared AS (
    SELECT
        *,
        count(*) OVER (PARTITION BY class, school_dates, other_dates) >= :k AS are_days_shared
    FROM days
),

days_left AS (
    SELECT
        *,
        count(*) FILTER (WHERE NOT are_days_shared) OVER (PARTITION BY class, school_dates) AS days_hidden
    FROM days_shared
)

UPDATE research_released
SET
    dates_given = CASE
        WHEN NOT days_left.gives_stays THEN 'none'
        WHEN
            days_left.are_days_shared AND (days_left.days_hidden = 0 OR days_left.days_hidden >= :k)
            THEN 'all'
        ELSE 'school'
    END
FROM days_left
WHERE research_released.student_id = days_left.student_id;

-- name: give_fewer_days
-- Take the dates of absences and incidents back where they part students whose stays are the same into groups of
-- which one has too few values.
-- params   l_courses_failed int, l_incidents int
UPDATE research_released
SET dates_given = 'school'
WHERE
    dates_given = 'all'
    AND (class, school_dates) IN (
        SELECT
            class,
            school_dates
        FROM research_released
        WHERE dates_given <> 'none'
        GROUP BY class, school_dates, dates_given, CASE WHEN dates_given = 'all' THEN other_dates END
        HAVING
            count(DISTINCT courses_failed) < :l_courses_failed
            OR count(DISTINCT incidents) < :l_incidents
    );

-- name: give_fewer_stays
-- Take all dates back where they part a class into groups of which one has too few values.
-- params   l_courses_failed int, l_incidents int
UPDATE research_released
SET dates_given = 'none'
WHERE
    class IN (
        SELECT class
        FROM research_released
        GROUP BY
            class,
            dates_given,
            CASE WHEN dates_given <> 'none' THEN school_dates END,
            CASE WHEN dates_given = 'all' THEN other_dates END
        HAVING
            count(DISTINCT courses_failed) < :l_courses_failed
            OR count(DISTINCT incidents) < :l_incidents
    );

-- name: students_file
-- The students of the copy.
-- params   none
SELECT
    pseudonym,
    school,
    grade,
    gender,
    race,
    english_learner,
    special_education,
    economic_status,
    language,
    absence,
    courses_failed,
    incidents,
    dates_given
FROM research_released
ORDER BY pseudonym ASC;

-- name: school_enrollments_file
-- Stays at schools, with shifted dates, of the students whose dates are given.
-- params   none
SELECT
    released.pseudonym,
    enrollments.school_year,
    enrollments.entry_on + released.shift_days AS entry_on,
    enrollments.exit_on + released.shift_days AS exit_on
FROM research_released AS released
INNER JOIN student_school_enrollments AS enrollments USING (student_id)
WHERE released.dates_given IN ('school', 'all')
ORDER BY released.pseudonym ASC, enrollments.entry_on ASC, enrollments.exit_on ASC;

-- name: course_outcomes_file
-- How courses ended.
-- params   none
SELECT
    released.pseudonym,
    outcomes.result
FROM research_released AS released
INNER JOIN course_outcomes AS outcomes USING (student_id)
ORDER BY released.pseudonym ASC, outcomes.result ASC;

-- name: incidents_file
-- Parts in incidents; the date is shifted, and there where it is given.
-- params   none
SELECT
    released.pseudonym,
    incidents.severity_level,
    participants.participant_role,
    CASE WHEN released.dates_given = 'all' THEN incidents.incident_on + released.shift_days END AS incident_on
FROM research_released AS released
INNER JOIN incident_participants AS participants USING (student_id)
INNER JOIN discipline_incidents AS incidents USING (tenant_id, incident_id)
ORDER BY
    released.pseudonym ASC,
    incident_on ASC,
    incidents.severity_level ASC,
    participants.participant_role ASC;

-- name: absences_file
-- Days missed, shifted, of the students whose dates are given.
-- params   none
SELECT
    released.pseudonym,
    days.date + released.shift_days AS missed_on
FROM research_released AS released
INNER JOIN attendance_days AS days USING (student_id)
WHERE released.dates_given = 'all' AND days.missed > 0
ORDER BY released.pseudonym ASC, days.date ASC;

-- name: achieved
-- How few students share all that is told of what others may know, dates included; and how few different
-- values of each sensitive column a class has.
-- params   none
-- returns  students bigint, k bigint, classes bigint, l_courses_failed bigint, l_incidents bigint
WITH alike AS (
    SELECT
        count(*) AS students,
        count(DISTINCT courses_failed) AS failed,
        count(DISTINCT incidents) AS conduct
    FROM research_released
    GROUP BY
        school, grade, gender, race, english_learner, special_education, economic_status, language, absence,
        dates_given,
        CASE WHEN dates_given IN ('school', 'all') THEN school_dates END,
        CASE WHEN dates_given = 'all' THEN other_dates END
)

SELECT
    coalesce(sum(students), 0)::bigint AS students,
    coalesce(min(students), 0) AS k,
    count(*) AS classes,
    coalesce(min(failed), 0) AS l_courses_failed,
    coalesce(min(conduct), 0) AS l_incidents
FROM alike;

-- name: losses
-- What the copy does not tell: how many students, of how many all is blurred, and whose dates are not given.
-- params   none
-- returns  left_out bigint, blurred bigint, without_dates bigint, without_days bigint
SELECT
    (SELECT count(*) FROM research_people) - count(*) AS left_out,
    count(*) FILTER (WHERE school = '*' AND grade = '*' AND gender = '*' AND absence = '*') AS blurred,
    count(*) FILTER (WHERE dates_given = 'none') AS without_dates,
    count(*) FILTER (WHERE dates_given <> 'all') AS without_days
FROM research_released;

-- name: counts_for_summary
-- Students of the copy by school and by how much they miss, with totals.
-- params   none
-- returns  school text or null (all), absence text or null (all), students bigint
SELECT
    school,
    absence,
    count(*) AS students
FROM research_released
GROUP BY GROUPING SETS ((school, absence), (school), (absence), ())
ORDER BY school ASC NULLS LAST, absence ASC NULLS LAST;

-- How far students have come in their courses.

-- name: record_progress
-- Measure every student in every course that runs on the day, as known then; once more on the same day changes only
-- what differs. Work that was due before the student joined counts only if there is a mark for it.
-- params   tenant_id int, as_of date, known_until timestamptz
WITH marks AS (
    SELECT
        student_id,
        assignment_id,
        grade_value,
        submitted_on,
        is_missing,
        is_exempt
    FROM grades
    WHERE tenant_id = :tenant_id AND known_at < :known_until
    UNION ALL
    SELECT
        student_id,
        assignment_id,
        grade_value,
        submitted_on,
        is_missing,
        is_exempt
    FROM grades_history
    WHERE tenant_id = :tenant_id AND known_at < :known_until AND superseded_at >= :known_until
),

final_grades AS (
    SELECT
        student_id,
        section_id,
        credits_earned
    FROM course_grades
    WHERE tenant_id = :tenant_id AND is_final AND awarded_on <= :as_of AND known_at < :known_until
    UNION ALL
    SELECT
        student_id,
        section_id,
        credits_earned
    FROM course_grades_history
    WHERE
        tenant_id = :tenant_id
        AND is_final
        AND awarded_on <= :as_of
        AND known_at < :known_until
        AND superseded_at >= :known_until
),

earned AS (
    SELECT
        final_grades.student_id,
        sections.course_id,
        sum(final_grades.credits_earned) AS credits_earned
    FROM final_grades
    INNER JOIN sections ON final_grades.section_id = sections.section_id AND sections.tenant_id = :tenant_id
    GROUP BY final_grades.student_id, sections.course_id
),

pieces AS (
    SELECT
        enrollments.student_id,
        sections.course_id,
        assignments.assignment_id IS NOT NULL
        AND coalesce(assignments.due_on, sections.ends_on) <= :as_of
        AND (
            marks.assignment_id IS NOT NULL
            OR enrollments.enrolled_on IS NULL
            OR coalesce(assignments.due_on, sections.ends_on) >= enrollments.enrolled_on
        ) AS is_due,
        coalesce(
            marks.is_exempt
            OR (NOT marks.is_missing AND (marks.submitted_on IS NOT NULL OR marks.grade_value IS NOT NULL)),
            FALSE
        ) AS is_done,
        -- what is no percentage in truth, such as 900 of 1 points, is kept within the column
        CASE
            WHEN marks.grade_value IS NOT NULL AND NOT marks.is_exempt
                THEN least(100 * marks.grade_value / assignments.max_value, 999)
        END AS percent
    FROM course_enrollments AS enrollments
    INNER JOIN sections USING (tenant_id, section_id)
    LEFT JOIN assignments USING (tenant_id, section_id)
    LEFT JOIN marks
        ON
            enrollments.student_id = marks.student_id
            AND assignments.assignment_id = marks.assignment_id
    WHERE
        enrollments.tenant_id = :tenant_id
        AND sections.starts_on <= :as_of
        AND sections.ends_on >= :as_of
        AND (enrollments.enrolled_on IS NULL OR enrollments.enrolled_on <= :as_of)
        AND (enrollments.withdrawn_on IS NULL OR enrollments.withdrawn_on > :as_of)
),

measured AS (
    SELECT
        student_id,
        course_id,
        cast(count(*) FILTER (WHERE is_due) AS int) AS assignments_set,
        cast(count(*) FILTER (WHERE is_due AND is_done) AS int) AS assignments_done,
        round(avg(percent), 3) AS mean_percent
    FROM pieces
    GROUP BY student_id, course_id
)

INSERT INTO progress AS kept (
    tenant_id,
    student_id,
    course_id,
    measured_on,
    assignments_set,
    assignments_done,
    mean_percent,
    credits_earned
)
SELECT
    :tenant_id AS tenant_id,
    measured.student_id,
    measured.course_id,
    :as_of AS measured_on,
    measured.assignments_set,
    measured.assignments_done,
    measured.mean_percent,
    earned.credits_earned
FROM measured
LEFT JOIN earned USING (student_id, course_id)
ON CONFLICT (tenant_id, student_id, course_id, measured_on) DO UPDATE
    SET
        assignments_set = excluded.assignments_set,
        assignments_done = excluded.assignments_done,
        mean_percent = excluded.mean_percent,
        credits_earned = excluded.credits_earned,
        known_at = now(),
        import_id = NULL
    WHERE
    (kept.assignments_set, kept.assignments_done, kept.mean_percent, kept.credits_earned)
    IS DISTINCT FROM (
        excluded.assignments_set, excluded.assignments_done, excluded.mean_percent, excluded.credits_earned
    );

-- name: course_progress
-- The latest measure of each student in a course by a day, by number.
-- params   tenant_id int, course_code text, as_of date
-- returns  student_id uuid, student_number, first_name, last_name, preferred_name text, measured_on date,
--          assignments_set, assignments_done int, mean_percent, credits_earned numeric or null
SELECT
    students.student_id,
    students.student_number,
    students.first_name,
    students.last_name,
    students.preferred_name,
    latest.measured_on,
    latest.assignments_set,
    latest.assignments_done,
    latest.mean_percent,
    latest.credits_earned
FROM (
    SELECT DISTINCT ON (progress.student_id) progress.*
    FROM progress
    INNER JOIN courses USING (tenant_id, course_id)
    WHERE
        progress.tenant_id = :tenant_id
        AND courses.course_code = :course_code
        AND progress.measured_on <= :as_of
    ORDER BY progress.student_id ASC, progress.measured_on DESC
) AS latest
INNER JOIN students USING (tenant_id, student_id)
ORDER BY students.student_number;

-- name: has_course
-- Does the tenant have the course?
-- params   tenant_id int, course_code text
-- returns  one row: has_course bool
SELECT
    exists(
        SELECT 1 FROM courses
        WHERE tenant_id = :tenant_id AND course_code = :course_code
    ) AS has_course;

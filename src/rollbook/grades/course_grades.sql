-- How marks become a mark for the course.

-- name: course_grades_of_work
-- The mark that each student's work makes, as known then. Exempt work is left out; work marked missing is worth 0;
-- work not marked yet does not count. Within a category work weighs by its weight, or all alike; categories weigh
-- by theirs, and work without a weighted category has together what they leave of 100. A category of which the
-- student has nothing that counts is left out, and the others share its weight.
-- params   tenant_id int, section_ids uuid[], session_id uuid or null (only the work of this grading period),
--          as_of date, known_until timestamptz, credit_share numeric
-- returns  student_id uuid, section_id uuid, grade_percent numeric 0..200, grade_letter text (by the default scale),
--          credits_attempted, credits_earned numeric (earned: the letter's points are not 0; none without a scale)
WITH marks AS (
    SELECT
        tenant_id,
        student_id,
        assignment_id,
        grade_value,
        is_missing,
        is_exempt
    FROM grades
    WHERE tenant_id = :tenant_id AND known_at < :known_until
    UNION ALL
    SELECT
        tenant_id,
        student_id,
        assignment_id,
        grade_value,
        is_missing,
        is_exempt
    FROM grades_history
    WHERE tenant_id = :tenant_id AND known_at < :known_until AND superseded_at >= :known_until
),

work AS (
    SELECT
        assignments.tenant_id,
        assignments.assignment_id,
        assignments.section_id,
        assignments.max_value,
        CASE WHEN categories.weight_percent IS NOT NULL THEN categories.category_id END AS category_id,
        categories.weight_percent AS category_weight,
        coalesce(
            assignments.weight_percent,
            avg(assignments.weight_percent) OVER (
                PARTITION BY
                    assignments.section_id,
                    CASE WHEN categories.weight_percent IS NOT NULL THEN categories.category_id END
            ),
            1
        ) AS weight
    FROM assignments
    INNER JOIN sections USING (tenant_id, section_id)
    LEFT JOIN assignment_categories AS categories USING (tenant_id, category_id)
    LEFT JOIN academic_sessions AS periods
        ON assignments.tenant_id = periods.tenant_id AND periods.session_id = :session_id
    WHERE
        assignments.tenant_id = :tenant_id
        AND assignments.section_id = ANY(:section_ids)
        AND (
            cast(:session_id AS uuid) IS NULL
            OR assignments.session_id = :session_id
            OR (
                assignments.session_id IS NULL
                AND coalesce(assignments.due_on, sections.ends_on)
                BETWEEN periods.starts_on AND periods.ends_on
            )
        )
),

categories AS (
    SELECT
        section_id,
        category_id,
        coalesce(
            max(category_weight),
            greatest(0, 100 - coalesce(sum(max(category_weight)) OVER (PARTITION BY section_id), 0))
        ) AS weight
    FROM work
    GROUP BY section_id, category_id
),

by_category AS (
    SELECT
        marks.student_id,
        work.section_id,
        work.category_id,
        sum(
            work.weight
            * CASE WHEN marks.is_missing THEN 0 ELSE marks.grade_value / work.max_value END
        )
        / nullif(sum(work.weight), 0) AS share
    FROM work
    INNER JOIN marks
        ON work.tenant_id = marks.tenant_id AND work.assignment_id = marks.assignment_id
    INNER JOIN course_enrollments AS enrollments
        ON
            work.tenant_id = enrollments.tenant_id
            AND work.section_id = enrollments.section_id
            AND marks.student_id = enrollments.student_id
            AND (enrollments.withdrawn_on IS NULL OR enrollments.withdrawn_on > :as_of)
    WHERE NOT marks.is_exempt AND (marks.is_missing OR marks.grade_value IS NOT NULL)
    GROUP BY marks.student_id, work.section_id, work.category_id
),

by_section AS (
    SELECT
        by_category.student_id,
        by_category.section_id,
        round(
            100
            * sum(categories.weight * by_category.share)
            / nullif(sum(categories.weight) FILTER (WHERE by_category.share IS NOT NULL), 0),
            3
        ) AS made_percent
    FROM by_category
    INNER JOIN categories
        ON
            by_category.section_id = categories.section_id
            AND by_category.category_id IS NOT DISTINCT FROM categories.category_id
    GROUP BY by_category.student_id, by_category.section_id
)

SELECT
    by_section.student_id,
    by_section.section_id,
    least(by_section.made_percent, 200) AS grade_percent,
    letters.grade_letter,
    courses.credits * :credit_share AS credits_attempted,
    CASE
        WHEN letters.grade_letter IS NOT NULL
            THEN
                CASE
                    WHEN letters.grade_points = 0 THEN 0
                    ELSE courses.credits * :credit_share
                END
    END AS credits_earned
FROM by_section
INNER JOIN sections ON by_section.section_id = sections.section_id AND sections.tenant_id = :tenant_id
INNER JOIN courses ON sections.tenant_id = courses.tenant_id AND sections.course_id = courses.course_id
LEFT JOIN LATERAL (
    SELECT
        steps.grade_letter,
        steps.grade_points
    FROM grade_scale_steps AS steps
    INNER JOIN grade_scales AS scales USING (tenant_id, grade_scale_id)
    WHERE
        steps.tenant_id = :tenant_id
        AND scales.is_default
        AND steps.min_percent <= by_section.made_percent
    ORDER BY steps.min_percent DESC
    LIMIT 1
) AS letters ON TRUE
WHERE by_section.made_percent IS NOT NULL;

-- name: known_sections
-- Those of the sections that the tenant has.
-- params   tenant_id int, section_ids uuid[]
-- returns  section_id uuid
SELECT section_id
FROM sections
WHERE tenant_id = :tenant_id AND section_id = ANY(:section_ids);

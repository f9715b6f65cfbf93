-- Grades' inputs to risk. Contract: see rollbook/risk/__init__.py.

-- name: work
-- Handed in, missing, late, and how well, as known then. Percent = of the assignment's points, 0..100. Exempt work
-- is left out. The GPA is that of gpa.sql, unweighted.
-- Work counts as due once its date has come and somebody in the section has a mark for it: before that the marks
-- may simply not be entered. Work due before the student joined is not held against them.
WITH marks AS (
    SELECT
        student_id,
        assignment_id,
        grade_value,
        submitted_on,
        is_carried_over,
        is_missing,
        is_exempt,
        known_at,
        cast('infinity' AS timestamptz) AS superseded_at
    FROM grades
    UNION ALL
    SELECT
        student_id,
        assignment_id,
        grade_value,
        submitted_on,
        is_carried_over,
        is_missing,
        is_exempt,
        known_at,
        superseded_at
    FROM grades_history
),

known AS (
    SELECT
        cohort.subject,
        marks.assignment_id,
        marks.submitted_on,
        marks.is_carried_over,
        100 * marks.grade_value / assignments.max_value AS percent,
        marks.is_exempt,
        NOT marks.is_missing AND (marks.submitted_on IS NOT NULL OR marks.grade_value > 0) AS is_handed_in
    FROM cohort_sections AS cohort
    INNER JOIN assignments
        ON cohort.tenant_id = assignments.tenant_id AND cohort.section_id = assignments.section_id
    INNER JOIN marks
        ON
            cohort.student_id = marks.student_id
            AND assignments.assignment_id = marks.assignment_id
            AND cohort.known_until > marks.known_at
            AND cohort.known_until <= marks.superseded_at
),

pieces AS (
    SELECT
        cohort.subject,
        cohort.section_id,
        cohort.as_of,
        assignments.due_on,
        assignments.due_on <= cohort.as_of AS is_due,
        -- work that weighs nothing still counts where nothing weighs anything
        coalesce(assignments.weight_percent, 1) + 0.01 AS weight,
        known.percent,
        known.submitted_on,
        coalesce(known.is_handed_in, FALSE) AS is_handed_in,
        coalesce(known.is_carried_over, FALSE) AS is_carried_over,
        count(known.assignment_id)
            OVER (PARTITION BY cohort.as_of, assignments.assignment_id)
        > 0 AS has_marks,
        avg(known.percent) OVER (PARTITION BY cohort.as_of, assignments.assignment_id) AS section_percent,
        max(assignments.due_on) FILTER (WHERE known.is_handed_in)
            OVER (PARTITION BY cohort.subject, cohort.section_id)
            AS last_handed_in_due_on,
        row_number() OVER (
            PARTITION BY cohort.subject, known.percent IS NULL
            ORDER BY known.submitted_on DESC, assignments.due_on DESC, assignments.assignment_code ASC
        ) AS nth_latest
    FROM cohort_sections AS cohort
    INNER JOIN assignments
        ON cohort.tenant_id = assignments.tenant_id AND cohort.section_id = assignments.section_id
    LEFT JOIN known ON cohort.subject = known.subject AND assignments.assignment_id = known.assignment_id
    WHERE
        known.is_exempt IS NOT TRUE
        AND (
            known.assignment_id IS NOT NULL
            OR (
                assignments.due_on <= cohort.as_of
                AND (cohort.enrolled_on IS NULL OR assignments.due_on >= cohort.enrolled_on)
            )
        )
),

by_section AS (
    SELECT
        subject,
        section_id,
        as_of,
        count(*) FILTER (WHERE is_due) AS work_due,
        count(*) FILTER (WHERE is_due AND NOT is_handed_in) AS work_missing,
        count(*) FILTER (
            WHERE is_due AND NOT is_handed_in AND due_on > coalesce(last_handed_in_due_on, '-infinity')
        )
            AS missing_in_a_row,
        count(*) FILTER (WHERE NOT is_due AND is_handed_in AND NOT is_carried_over) AS work_ahead,
        count(*) FILTER (WHERE submitted_on > due_on AND NOT is_carried_over) AS work_late,
        count(*) FILTER (WHERE is_carried_over) AS work_carried_over,
        sum(weight) FILTER (WHERE is_due) AS weight_due,
        sum(weight) FILTER (WHERE is_due AND NOT is_handed_in) AS weight_missing,
        sum(weight * coalesce(percent, 0)) FILTER (WHERE is_due) / sum(weight) FILTER (WHERE is_due)
            AS percent_of_due,
        sum(weight * percent) / sum(weight) FILTER (WHERE percent IS NOT NULL) AS percent_weighted,
        avg(percent) AS percent_mean,
        sum(percent) AS percent_sum,
        count(percent) AS marks,
        min(percent) AS percent_lowest,
        avg(percent - section_percent) AS percent_above_section,
        max(percent) FILTER (WHERE nth_latest = 1) AS percent_latest,
        avg(due_on - submitted_on) FILTER (WHERE NOT is_carried_over) AS days_early,
        min(due_on - submitted_on) FILTER (WHERE NOT is_carried_over) AS days_early_least,
        max(due_on - submitted_on) FILTER (WHERE nth_latest = 1 AND NOT is_carried_over) AS days_early_latest,
        min(as_of - submitted_on) FILTER (WHERE NOT is_carried_over) AS days_since_handed_in
    FROM pieces
    WHERE has_marks
    GROUP BY subject, section_id, as_of
),

placed AS (
    SELECT
        *,
        CASE WHEN percent_of_due IS NOT NULL THEN
                percent_rank()
                    OVER (PARTITION BY as_of, section_id, percent_of_due IS NULL ORDER BY percent_of_due)
        END AS standing
    FROM by_section
),

coursework AS (
    SELECT
        subject,
        cast(sum(work_due) AS int) AS work_due,
        cast(sum(work_missing) AS int) AS work_missing,
        cast(sum(work_missing) AS double precision) / nullif(sum(work_due), 0) AS missing_share,
        cast((sum(weight_missing) / sum(weight_due)) AS double precision) AS missing_weight_share,
        cast(sum(missing_in_a_row) AS int) AS missing_in_a_row,
        cast(sum(work_ahead) AS int) AS work_ahead,
        cast(sum(work_late) AS int) AS work_late,
        cast(sum(work_carried_over) AS int) AS work_carried_over,
        cast(sum(marks) AS int) AS marks,
        cast((avg(percent_of_due)) AS double precision) AS percent_of_due,
        cast((avg(percent_weighted)) AS double precision) AS percent_weighted,
        cast((sum(percent_sum) / nullif(sum(marks), 0)) AS double precision) AS percent_mean,
        cast((min(percent_lowest)) AS double precision) AS percent_lowest,
        cast((min(percent_mean)) AS double precision) AS percent_worst_course,
        count(*) FILTER (WHERE percent_mean < 60) AS courses_below_60,
        cast((avg(percent_above_section)) AS double precision) AS percent_above_section,
        cast((avg(cast(standing AS numeric))) AS double precision) AS standing,
        cast((max(percent_latest)) AS double precision) AS percent_latest,
        cast((max(percent_latest) - sum(percent_sum) / nullif(sum(marks), 0)) AS double precision)
            AS percent_change,
        cast((avg(days_early)) AS double precision) AS days_early,
        min(days_early_least) AS days_early_least,
        max(days_early_latest) AS days_early_latest,
        min(days_since_handed_in) AS days_since_handed_in
    FROM placed
    GROUP BY subject
),

final_grades AS (
    SELECT
        student_id,
        section_id,
        grade_letter,
        grade_percent,
        credits_attempted,
        awarded_on,
        known_at,
        cast('infinity' AS timestamptz) AS superseded_at
    FROM course_grades
    WHERE is_final
    UNION ALL
    SELECT
        student_id,
        section_id,
        grade_letter,
        grade_percent,
        credits_attempted,
        awarded_on,
        known_at,
        superseded_at
    FROM course_grades_history
    WHERE is_final
),

pointed AS (
    SELECT
        cohort.subject,
        coalesce(final_grades.credits_attempted, courses.credits, 1) AS credits,
        (
            SELECT steps.grade_points
            FROM grade_scale_steps AS steps
            INNER JOIN grade_scales AS scales USING (tenant_id, grade_scale_id)
            WHERE
                steps.tenant_id = cohort.tenant_id
                AND scales.is_default
                AND CASE
                    WHEN final_grades.grade_letter IS NOT NULL
                        THEN steps.grade_letter = final_grades.grade_letter
                    ELSE steps.min_percent <= final_grades.grade_percent
                END
            ORDER BY steps.min_percent DESC
            LIMIT 1
        ) AS points
    FROM cohort
    INNER JOIN final_grades
        ON
            cohort.student_id = final_grades.student_id
            AND cohort.as_of >= final_grades.awarded_on
            AND cohort.known_until > final_grades.known_at
            AND cohort.known_until <= final_grades.superseded_at
    INNER JOIN sections
        ON cohort.tenant_id = sections.tenant_id AND final_grades.section_id = sections.section_id
    INNER JOIN courses ON sections.tenant_id = courses.tenant_id AND sections.course_id = courses.course_id
),

gpas AS (
    SELECT
        subject,
        cast(
            sum(points * credits) / nullif(sum(credits) FILTER (WHERE points IS NOT NULL), 0)
            AS double precision
        ) AS gpa_current
    FROM pointed
    GROUP BY subject
)

SELECT *
FROM coursework
FULL JOIN gpas USING (subject)
ORDER BY subject;

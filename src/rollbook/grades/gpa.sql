-- Grade points and credits, from the final course grades that were known at the close of a day. What letters are
-- worth, which courses ask more, and which tries at a course count, is a rule and no fact: today's scale, catalogue
-- and rule are taken for any day.

-- name: students_with_gpa
-- Students who have a final course grade known then, by number, some at a time.
-- params   tenant_id int; as_of date; known_until timestamptz; school text or null (its code, an enrollment open on
--          as_of); grade_level int or null; after text or null (a number); page_size int or null
-- returns  student_id uuid
SELECT students.student_id
FROM students
WHERE
    students.tenant_id = :tenant_id
    AND (cast(:after AS text) IS NULL OR students.student_number > :after)
    AND (cast(:grade_level AS int) IS NULL OR students.grade_level = :grade_level)
    AND (
        cast(:school AS text) IS NULL
        OR students.student_id = ANY(
            (
                SELECT array_agg(enrollments.student_id)
                FROM student_school_enrollments AS enrollments
                INNER JOIN schools USING (tenant_id, school_id)
                WHERE
                    enrollments.tenant_id = :tenant_id
                    AND schools.school_code = :school
                    AND enrollments.entry_on <= :as_of
                    AND (enrollments.exit_on IS NULL OR enrollments.exit_on > :as_of)
            )::uuid[]
        )
    )
    AND EXISTS (
        SELECT 1
        FROM course_grades AS final
        WHERE
            final.tenant_id = students.tenant_id
            AND final.student_id = students.student_id
            AND final.is_final
            AND final.awarded_on <= :as_of
            AND final.known_at < :known_until
        UNION ALL
        SELECT 1
        FROM course_grades_history AS final
        WHERE
            final.tenant_id = students.tenant_id
            AND final.student_id = students.student_id
            AND final.is_final
            AND final.awarded_on <= :as_of
            AND final.known_at < :known_until
            AND final.superseded_at >= :known_until
    )
ORDER BY students.student_number
LIMIT :page_size;

-- name: gpa_list
-- Grade point average and credits by student, by number, of those who have a final course grade. Of all in sight it
-- reads the table once; of some it finds their rows by key. Points and credits are added as hundredths, exactly: sums of
-- whole numbers are several times faster than those of numerics.
-- params   tenant_id int; as_of date; known_until timestamptz; student_ids uuid[] or null (all); repeat_policy text
--          (best, latest, all)
-- returns  student_id uuid, student_number, first_name, last_name, preferred_name text, grade_level int,
--          gpa, weighted_gpa numeric or null (no grade has points), credits_attempted, credits_earned numeric,
--          course_grades int (those that count)
WITH scale AS MATERIALIZED (
    SELECT
        steps.grade_letter,
        steps.min_percent,
        cast(100 * steps.grade_points AS int) AS points
    FROM grade_scales AS scales
    INNER JOIN grade_scale_steps AS steps USING (tenant_id, grade_scale_id)
    WHERE scales.tenant_id = :tenant_id AND scales.is_default
),

catalogue AS (
    SELECT
        sections.section_id,
        row_number() OVER (ORDER BY sections.section_id) AS section_no,
        dense_rank() OVER (ORDER BY sections.course_id) AS course_no,
        cast(100 * courses.credits AS int) AS credits,
        coalesce(courses.max_completions_for_credit, 1) AS completions,
        cast(
            100 * CASE courses.level
                WHEN 'honors' THEN scales.honors_bonus
                WHEN 'advanced_placement' THEN scales.advanced_placement_bonus
                WHEN 'dual_credit' THEN scales.dual_credit_bonus
                ELSE 0
            END AS int
        ) AS bonus
    FROM sections
    INNER JOIN courses USING (tenant_id, course_id)
    LEFT JOIN grade_scales AS scales ON sections.tenant_id = scales.tenant_id AND scales.is_default
    WHERE sections.tenant_id = :tenant_id
),

final_grades AS (
    SELECT
        student_id,
        section_id,
        session_id,
        grade_letter,
        grade_percent,
        awarded_on,
        cast(100 * credits_attempted AS int) AS credits_attempted,
        cast(100 * credits_earned AS int) AS credits_earned
    FROM course_grades
    WHERE
        tenant_id = :tenant_id
        AND (cast(:student_ids AS uuid[]) IS NULL OR student_id = ANY(:student_ids))
        AND is_final
        AND awarded_on <= :as_of
        AND known_at < :known_until
    UNION ALL
    SELECT
        student_id,
        section_id,
        session_id,
        grade_letter,
        grade_percent,
        awarded_on,
        cast(100 * credits_attempted AS int) AS credits_attempted,
        cast(100 * credits_earned AS int) AS credits_earned
    FROM course_grades_history
    WHERE
        tenant_id = :tenant_id
        AND (cast(:student_ids AS uuid[]) IS NULL OR student_id = ANY(:student_ids))
        AND is_final
        AND awarded_on <= :as_of
        AND known_at < :known_until
        AND superseded_at >= :known_until
),

lettered AS (
    SELECT
        final_grades.student_id,
        final_grades.awarded_on,
        catalogue.section_no,
        catalogue.course_no,
        catalogue.completions,
        sessions.school_year,
        catalogue.bonus,
        coalesce(final_grades.credits_attempted, catalogue.credits) AS credits_attempted,
        coalesce(final_grades.credits_attempted, catalogue.credits, 100) AS weight,
        final_grades.credits_earned,
        coalesce(
            final_grades.grade_letter,
            (
                SELECT steps.grade_letter
                FROM scale AS steps
                WHERE steps.min_percent <= final_grades.grade_percent
                ORDER BY steps.min_percent DESC
                LIMIT 1
            )
        ) AS letter
    FROM final_grades
    INNER JOIN catalogue USING (section_id)
    INNER JOIN academic_sessions AS sessions
        ON final_grades.session_id = sessions.session_id AND sessions.tenant_id = :tenant_id
),

-- Courses taken in several school years: few, so that only these are looked at year by year.
again AS (
    SELECT
        student_id,
        course_no
    FROM lettered
    WHERE :repeat_policy <> 'all'
    GROUP BY student_id, course_no
    HAVING min(school_year) <> max(school_year)
),

by_year AS (
    SELECT
        lettered.student_id,
        lettered.course_no,
        lettered.completions,
        sum(lettered.weight) AS weight,
        sum(lettered.credits_earned) AS credits_earned
    FROM again
    INNER JOIN lettered ON again.student_id = lettered.student_id AND again.course_no = lettered.course_no
    GROUP BY lettered.student_id, lettered.course_no, lettered.completions, lettered.school_year
),

-- Those of them which together are more than the course is worth: the most that was attempted in one year, as often
-- as it may be completed for credit.
repeated AS (
    SELECT
        student_id,
        course_no,
        max(weight) * completions AS worth,
        greatest(sum(credits_earned) - max(weight) * completions, 0) AS earned_twice
    FROM by_year
    GROUP BY student_id, course_no, completions
    HAVING sum(weight) > max(weight) * completions
),

tries AS (
    SELECT
        repeated.student_id,
        repeated.course_no,
        lettered.section_no,
        repeated.worth,
        max(lettered.awarded_on) AS awarded_on,
        sum(lettered.weight) AS weight,
        coalesce(
            sum(scale.points * lettered.weight)
            / nullif(sum(lettered.weight) FILTER (WHERE scale.points IS NOT NULL), 0.0),
            CASE WHEN sum(lettered.credits_earned) > 0 THEN 0.5 ELSE -1 END
        ) AS points
    FROM repeated
    INNER JOIN lettered
        ON repeated.student_id = lettered.student_id AND repeated.course_no = lettered.course_no
    LEFT JOIN scale ON lettered.letter = scale.grade_letter
    GROUP BY repeated.student_id, repeated.course_no, lettered.section_no, repeated.worth
),

-- They count in this order until the course's worth is reached, the first in any case.
placed AS (
    SELECT
        student_id,
        section_no,
        worth,
        row_number() OVER counting AS place,
        sum(weight) OVER counting AS filled
    FROM tries
    WINDOW
        counting AS (
            PARTITION BY student_id, course_no
            ORDER BY
                CASE WHEN :repeat_policy = 'latest' THEN awarded_on END DESC,
                points DESC,
                awarded_on DESC,
                section_no DESC
            ROWS UNBOUNDED PRECEDING
        )
),

set_aside AS (
    SELECT
        student_id,
        section_no
    FROM placed
    WHERE place > 1 AND filled > worth
),

summed AS (
    SELECT
        lettered.student_id,
        sum(scale.points * lettered.weight) FILTER (WHERE set_aside.section_no IS NULL) AS points,
        sum(lettered.bonus * lettered.weight) FILTER (WHERE scale.points > 0 AND set_aside.section_no IS NULL)
            AS bonus,
        sum(lettered.weight) FILTER (WHERE scale.points IS NOT NULL AND set_aside.section_no IS NULL)
            AS weight,
        sum(lettered.credits_attempted) FILTER (WHERE set_aside.section_no IS NULL) AS credits_attempted,
        sum(lettered.credits_earned) AS credits_earned,
        cast(count(*) FILTER (WHERE set_aside.section_no IS NULL) AS int) AS course_grades
    FROM lettered
    LEFT JOIN scale ON lettered.letter = scale.grade_letter
    LEFT JOIN set_aside
        ON lettered.student_id = set_aside.student_id AND lettered.section_no = set_aside.section_no
    GROUP BY lettered.student_id
),

earned_again AS (
    SELECT
        student_id,
        sum(earned_twice) AS credits
    FROM repeated
    GROUP BY student_id
)

SELECT
    students.student_id,
    students.student_number,
    students.first_name,
    students.last_name,
    students.preferred_name,
    students.grade_level,
    round(summed.points / nullif(100.0 * summed.weight, 0), 3) AS gpa,
    round((summed.points + coalesce(summed.bonus, 0)) / nullif(100.0 * summed.weight, 0), 3) AS weighted_gpa,
    round(coalesce(summed.credits_attempted, 0) / 100.0, 2) AS credits_attempted,
    round((coalesce(summed.credits_earned, 0) - coalesce(earned_again.credits, 0)) / 100.0, 2)
        AS credits_earned,
    summed.course_grades
FROM summed
LEFT JOIN earned_again ON summed.student_id = earned_again.student_id
INNER JOIN students ON summed.student_id = students.student_id AND students.tenant_id = :tenant_id
ORDER BY students.student_number;

-- name: transcript
-- A student's course grades as known then, the newest year first; those that are final make the GPA.
-- params   tenant_id int, student_id uuid, as_of date, known_until timestamptz
-- returns  school_year int, session_code, session_title text, starts_on date, section_id, course_id uuid, course_code,
--          title, section_code, course_level, grade_letter text, grade_percent numeric, is_final bool, grade_points,
--          bonus (of the weighted GPA), credits_attempted, credits_earned numeric, awarded_on date,
--          completions int (how often the course brings credit)
WITH marks AS (
    SELECT
        tenant_id,
        section_id,
        session_id,
        grade_letter,
        grade_percent,
        is_final,
        credits_attempted,
        credits_earned,
        awarded_on
    FROM course_grades
    WHERE
        tenant_id = :tenant_id
        AND student_id = :student_id
        AND awarded_on <= :as_of
        AND known_at < :known_until
    UNION ALL
    SELECT
        tenant_id,
        section_id,
        session_id,
        grade_letter,
        grade_percent,
        is_final,
        credits_attempted,
        credits_earned,
        awarded_on
    FROM course_grades_history
    WHERE
        tenant_id = :tenant_id
        AND student_id = :student_id
        AND awarded_on <= :as_of
        AND known_at < :known_until
        AND superseded_at >= :known_until
)

SELECT
    sessions.school_year,
    sessions.session_code,
    sessions.title AS session_title,
    sessions.starts_on,
    marks.section_id,
    sections.course_id,
    courses.course_code,
    courses.title,
    sections.section_code,
    courses.level AS course_level,
    marks.grade_letter,
    marks.grade_percent,
    marks.is_final,
    (
        SELECT steps.grade_points
        FROM grade_scale_steps AS steps
        WHERE
            steps.tenant_id = scales.tenant_id
            AND steps.grade_scale_id = scales.grade_scale_id
            AND CASE
                WHEN marks.grade_letter IS NOT NULL THEN steps.grade_letter = marks.grade_letter
                ELSE steps.min_percent <= marks.grade_percent
            END
        ORDER BY steps.min_percent DESC
        LIMIT 1
    ) AS grade_points,
    coalesce(CASE courses.level
        WHEN 'honors' THEN scales.honors_bonus
        WHEN 'advanced_placement' THEN scales.advanced_placement_bonus
        WHEN 'dual_credit' THEN scales.dual_credit_bonus
    END, 0) AS bonus,
    CASE WHEN marks.is_final THEN coalesce(marks.credits_attempted, courses.credits) END
        AS credits_attempted,
    CASE WHEN marks.is_final THEN marks.credits_earned END AS credits_earned,
    marks.awarded_on,
    coalesce(courses.max_completions_for_credit, 1) AS completions
FROM marks
INNER JOIN academic_sessions AS sessions USING (tenant_id, session_id)
INNER JOIN sections USING (tenant_id, section_id)
INNER JOIN courses USING (tenant_id, course_id)
LEFT JOIN grade_scales AS scales ON marks.tenant_id = scales.tenant_id AND scales.is_default
ORDER BY
    sessions.school_year DESC,
    sessions.starts_on DESC,
    courses.course_code ASC,
    sessions.session_code ASC,
    marks.section_id ASC;

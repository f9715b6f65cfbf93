-- name: lesson_plans_page
-- Lesson plans by day and code, some at a time, those without a day last.
-- params   tenant_id int, course_id uuid or null, section_id uuid or null (its own, and those of its course for every
--          section), since date, until date (both inclusive; a plan without a day always fits),
--          after_key text or null, page_size int
-- returns  the columns of LessonPlanLine in lessons.py, sort_key text
WITH plans AS (
    SELECT
        plans.*,
        coalesce(plans.planned_on::text, 'undated') || ' ' || plans.lesson_plan_code AS sort_key
    FROM lesson_plans AS plans
    LEFT JOIN sections
        ON plans.tenant_id = sections.tenant_id AND sections.section_id = cast(:section_id AS uuid)
    WHERE
        plans.tenant_id = :tenant_id
        AND (cast(:course_id AS uuid) IS NULL OR plans.course_id = :course_id)
        AND (
            cast(:section_id AS uuid) IS NULL
            OR plans.section_id = :section_id
            OR (plans.section_id IS NULL AND plans.course_id = sections.course_id)
        )
        AND (plans.planned_on IS NULL OR plans.planned_on BETWEEN :since AND :until)
)

SELECT
    plans.lesson_plan_id,
    plans.lesson_plan_code,
    plans.title,
    plans.course_id,
    courses.course_code,
    plans.section_id,
    sections.section_code,
    plans.planned_on,
    plans.duration_minutes,
    nullif(concat_ws(' ', staff.first_name, staff.last_name), '') AS author,
    pe_lesson_plans.lesson_plan_id IS NOT NULL AS is_pe,
    plans.sort_key
FROM plans
INNER JOIN courses USING (tenant_id, course_id)
LEFT JOIN sections ON plans.tenant_id = sections.tenant_id AND plans.section_id = sections.section_id
LEFT JOIN staff ON plans.tenant_id = staff.tenant_id AND plans.staff_id = staff.staff_id
LEFT JOIN pe_lesson_plans
    ON plans.tenant_id = pe_lesson_plans.tenant_id AND plans.lesson_plan_id = pe_lesson_plans.lesson_plan_id
WHERE cast(:after_key AS text) IS NULL OR plans.sort_key > :after_key
ORDER BY plans.sort_key
LIMIT :page_size;

-- name: lesson_plan_card
-- One lesson plan, with what it says besides if it is of physical education.
-- params   tenant_id int, lesson_plan_id uuid
-- returns  one row of the columns that find_lesson_plan reads, or none
SELECT
    plans.lesson_plan_id,
    plans.lesson_plan_code,
    plans.title,
    plans.course_id,
    courses.course_code,
    plans.section_id,
    sections.section_code,
    plans.planned_on,
    plans.duration_minutes,
    nullif(concat_ws(' ', staff.first_name, staff.last_name), '') AS author,
    pe_lesson_plans.lesson_plan_id IS NOT NULL AS is_pe,
    plans.staff_id,
    plans.objectives,
    plans.content,
    pe_lesson_plans.warm_up,
    pe_lesson_plans.main_activity,
    pe_lesson_plans.cool_down,
    pe_lesson_plans.equipment,
    pe_lesson_plans.safety_notes,
    pe_lesson_plans.adaptations
FROM lesson_plans AS plans
INNER JOIN courses USING (tenant_id, course_id)
LEFT JOIN sections ON plans.tenant_id = sections.tenant_id AND plans.section_id = sections.section_id
LEFT JOIN staff ON plans.tenant_id = staff.tenant_id AND plans.staff_id = staff.staff_id
LEFT JOIN pe_lesson_plans
    ON plans.tenant_id = pe_lesson_plans.tenant_id AND plans.lesson_plan_id = pe_lesson_plans.lesson_plan_id
WHERE plans.tenant_id = :tenant_id AND plans.lesson_plan_id = :lesson_plan_id;

-- name: standards_of_lesson
-- What a lesson works on.
-- params   tenant_id int, lesson_plan_id uuid
-- returns  the columns of Standard in courses.py
SELECT
    standards.standard_code,
    standards.description,
    standards.subject,
    standards.grade_level
FROM lesson_plan_standards AS links
INNER JOIN learning_standards AS standards USING (tenant_id, standard_id)
WHERE links.tenant_id = :tenant_id AND links.lesson_plan_id = :lesson_plan_id
ORDER BY standards.standard_code;

-- name: drop_lesson_standards
-- Take from a lesson the standards that are not named.
-- params   tenant_id int, lesson_plan_id uuid, standard_codes text[]
-- returns  nothing
DELETE FROM lesson_plan_standards
USING learning_standards AS standards
WHERE
    lesson_plan_standards.tenant_id = :tenant_id
    AND lesson_plan_standards.lesson_plan_id = :lesson_plan_id
    AND lesson_plan_standards.tenant_id = standards.tenant_id
    AND lesson_plan_standards.standard_id = standards.standard_id
    AND NOT standards.standard_code = ANY(cast(:standard_codes AS text[]));

-- name: add_lesson_standards
-- Give a lesson the standards that are named.
-- params   tenant_id int, lesson_plan_id uuid, standard_codes text[]
-- returns  nothing
INSERT INTO lesson_plan_standards (tenant_id, lesson_plan_id, standard_id)
SELECT
    standards.tenant_id,
    :lesson_plan_id AS lesson_plan_id,
    standards.standard_id
FROM learning_standards AS standards
WHERE standards.tenant_id = :tenant_id AND standards.standard_code = ANY(cast(:standard_codes AS text[]))
ON CONFLICT DO NOTHING;

-- name: unknown_standards
-- The codes that no standard has.
-- params   tenant_id int, standard_codes text[]
-- returns  code text
SELECT code
FROM unnest(cast(:standard_codes AS text[])) AS code
LEFT JOIN learning_standards AS standards
    ON standards.tenant_id = :tenant_id AND code = standards.standard_code
WHERE standards.standard_id IS NULL
ORDER BY code;

-- The tables of Faraday that its document names. It gives no columns: these are named as its indexes and this
-- house have them. Rows are shown and added; a change goes to our tables, which keep the version before.

CREATE SCHEMA faraday;

CREATE VIEW faraday.schools WITH (security_invoker = TRUE) AS
SELECT
    school_id AS id,
    school_code,
    name,
    school_type,
    low_grade,
    high_grade,
    created_at,
    tenant_id
FROM public.schools;

CREATE VIEW faraday.students WITH (security_invoker = TRUE) AS
SELECT
    student_id AS id,
    student_number,
    first_name,
    last_name,
    preferred_name,
    birth_date AS date_of_birth,
    gender,
    grade_level,
    (
        SELECT place.school_id
        FROM public.student_school_enrollments AS place
        WHERE
            place.tenant_id = students.tenant_id
            AND place.student_id = students.student_id
            AND place.is_primary
            AND place.entry_on <= current_date
            AND (place.exit_on IS NULL OR place.exit_on > current_date)
        ORDER BY place.entry_on DESC
        LIMIT 1
    ) AS school_id,
    email,
    created_at,
    tenant_id
FROM public.students;

CREATE VIEW faraday.student_school_enrollments WITH (security_invoker = TRUE) AS
SELECT
    enrollment_id AS id,
    student_id,
    school_id,
    school_year,
    grade_level,
    entry_on AS enrollment_date,
    exit_on AS exit_date,
    exit_on IS NULL OR exit_on > current_date AS is_active,
    created_at,
    tenant_id
FROM public.student_school_enrollments;

CREATE VIEW faraday.courses WITH (security_invoker = TRUE) AS
SELECT
    course_id AS id,
    course_code,
    title AS name,
    subject,
    description,
    credits,
    low_grade,
    high_grade,
    school_id,
    created_at,
    tenant_id
FROM public.courses;

CREATE VIEW faraday.course_enrollments WITH (security_invoker = TRUE) AS
SELECT
    public.rollbook_pair_id(place.student_id, place.section_id) AS id,
    place.student_id,
    section.course_id,
    place.section_id,
    place.enrolled_on AS enrollment_date,
    place.withdrawn_on AS withdrawal_date,
    CASE
        WHEN outcome.result IS NOT NULL THEN outcome.result
        WHEN place.withdrawn_on <= current_date THEN 'withdrawn'
        WHEN section.ends_on < current_date THEN 'ended'
        ELSE 'active'
    END AS status
FROM public.course_enrollments AS place
INNER JOIN
    public.sections AS section
    ON place.tenant_id = section.tenant_id AND place.section_id = section.section_id
LEFT JOIN
    public.course_outcomes AS outcome
    ON
        place.tenant_id = outcome.tenant_id
        AND place.student_id = outcome.student_id
        AND place.section_id = outcome.section_id;

CREATE VIEW faraday.lesson_plans WITH (security_invoker = TRUE) AS
SELECT
    lesson_plan_id AS id,
    lesson_plan_code,
    course_id,
    section_id,
    staff_id AS teacher_id,
    title,
    planned_on AS date,
    duration_minutes,
    objectives,
    content,
    created_at,
    tenant_id
FROM public.lesson_plans;

CREATE VIEW faraday.pe_lesson_plans WITH (security_invoker = TRUE) AS
SELECT
    plan.lesson_plan_id AS id,
    plan.lesson_plan_code,
    plan.course_id,
    plan.title,
    plan.planned_on AS date,
    plan.duration_minutes,
    plan.objectives,
    pe.warm_up,
    pe.main_activity,
    pe.cool_down,
    pe.equipment,
    pe.safety_notes,
    pe.adaptations
FROM public.pe_lesson_plans AS pe
INNER JOIN
    public.lesson_plans AS plan
    ON pe.tenant_id = plan.tenant_id AND pe.lesson_plan_id = plan.lesson_plan_id;

CREATE VIEW faraday.progress WITH (security_invoker = TRUE) AS
SELECT
    student_id,
    course_id,
    measured_on AS date,
    assignments_set,
    assignments_done,
    mean_percent,
    credits_earned,
    tenant_id
FROM public.progress;

CREATE VIEW faraday.activities WITH (security_invoker = TRUE) AS
SELECT
    activity_id AS id,
    activity_code,
    name,
    activity_type,
    description,
    difficulty_level,
    max_score,
    created_at,
    tenant_id
FROM public.activities;

CREATE VIEW faraday.student_activity_performances WITH (security_invoker = TRUE) AS
SELECT
    performance_id AS id,
    student_id,
    activity_id,
    performed_on AS date,
    attempt,
    score,
    duration_minutes,
    notes,
    tenant_id
FROM public.student_activity_performances;

CREATE VIEW faraday.pe_activity_preferences WITH (security_invoker = TRUE) AS
SELECT
    student_id,
    activity_type,
    preference_level,
    notes,
    tenant_id
FROM public.pe_activity_preferences;

CREATE VIEW faraday.routines WITH (security_invoker = TRUE) AS
SELECT
    routine_id AS id,
    routine_code,
    name,
    section_id,
    duration_minutes,
    tenant_id
FROM public.routines;

CREATE VIEW faraday.routine_performance_metrics WITH (security_invoker = TRUE) AS
SELECT
    student_id,
    routine_id,
    performed_on AS date,
    metric_name,
    metric_value,
    tenant_id
FROM public.routine_performance_metrics;

-- What a student did on a day, with how often; the original had a row for each time.
CREATE VIEW faraday.analytics_events WITH (security_invoker = TRUE) AS
SELECT
    student_id AS user_id,
    section_id,
    event_type,
    cast(event_on AS timestamptz) AS timestamp,
    event_count
FROM public.analytics_events;

CREATE VIEW faraday.activity_logs WITH (security_invoker = TRUE) AS
SELECT
    log_id AS id,
    user_id,
    student_id,
    action,
    details,
    logged_at AS timestamp,
    cast(logged_at AS date) AS date
FROM public.activity_logs;

-- The tables of the physics assistant that have a room so far. Passwords and tokens are in neither.
CREATE SCHEMA physics;

CREATE VIEW physics.users WITH (security_invoker = TRUE) AS
SELECT
    user_id AS id,
    email AS username,
    email,
    full_name,
    role,
    is_active,
    created_at
FROM public.users;

CREATE VIEW physics.user_sessions WITH (security_invoker = TRUE) AS
SELECT
    cast(md5(token_hash) AS uuid) AS id,
    user_id,
    created_at,
    last_seen_at AS last_activity,
    expires_at,
    expires_at > now() AS is_active
FROM public.user_sessions;

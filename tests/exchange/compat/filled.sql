INSERT INTO schools (tenant_id, school_code, name, school_type) VALUES (rollbook_tenant(), :n, :n, 'high');
INSERT INTO staff (tenant_id, staff_number, first_name, last_name) VALUES (rollbook_tenant(), :n, :n, :n);
INSERT INTO student_school_enrollments (tenant_id, student_id, school_id, school_year, entry_on)
SELECT
    tenant_id,
    :student,
    school_id,
    2026,
    '2025-09-01'
FROM schools WHERE school_code = :n;
INSERT INTO lesson_plans (tenant_id, lesson_plan_code, course_id, title)
SELECT
    tenant_id,
    :n,
    course_id,
    'Plan'
FROM courses WHERE course_code = :n;
INSERT INTO pe_lesson_plans (tenant_id, lesson_plan_id)
SELECT
    tenant_id,
    lesson_plan_id
FROM lesson_plans WHERE lesson_plan_code = :n;
INSERT INTO progress (tenant_id, student_id, course_id, measured_on, assignments_set, assignments_done)
SELECT
    tenant_id,
    :student,
    course_id,
    '2025-09-01',
    1,
    1
FROM courses WHERE course_code = :n;
INSERT INTO activities (tenant_id, activity_code, name, activity_type) VALUES (rollbook_tenant(), :n, :n, :n);
INSERT INTO student_activity_performances (tenant_id, student_id, activity_id, performed_on)
SELECT
    tenant_id,
    :student,
    activity_id,
    '2025-09-01'
FROM activities WHERE activity_code = :n;
INSERT INTO pe_activity_preferences (tenant_id, student_id, activity_type, preference_level)
VALUES (rollbook_tenant(), :student, :n, 3);
INSERT INTO routines (tenant_id, routine_code, name) VALUES (rollbook_tenant(), :n, :n);
INSERT INTO routine_performance_metrics (
    tenant_id, student_id, routine_id, performed_on, metric_name, metric_value
)
SELECT
    tenant_id,
    :student,
    routine_id,
    '2025-09-01',
    :n,
    1
FROM routines WHERE routine_code = :n;
SELECT rollbook_ensure_months('analytics_events', '2025-09-01', '2025-09-01');
INSERT INTO analytics_events (tenant_id, student_id, section_id, event_on, event_type, event_count)
SELECT
    tenant_id,
    :student,
    section_id,
    '2025-09-01',
    'clicks',
    1
FROM sections INNER JOIN courses USING (tenant_id, course_id) WHERE course_code = :n;
SELECT rollbook_ensure_months('activity_logs', '2025-09-01', '2025-09-01');
INSERT INTO activity_logs (tenant_id, logged_at, student_id, action)
VALUES (rollbook_tenant(), '2025-09-01', :student, :n);
INSERT INTO users (tenant_id, email, full_name, role, password_hash)
VALUES (rollbook_tenant(), lower(:n), :n, 'teacher', '');
INSERT INTO user_sessions (tenant_id, token_hash, user_id, expires_at)
SELECT
    tenant_id,
    cast(email AS bytea),
    user_id,
    now()
FROM users WHERE email = lower(:n);

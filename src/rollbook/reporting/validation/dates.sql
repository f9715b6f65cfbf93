-- Days on which it cannot have been. A row is a fault, shown by ids, never by names: see __init__.py.

-- name: age_against_grade
-- Students who are more than three years too old or two too young for their grade.
-- severity warning
-- do       Correct the birth date or the grade. Five on 1 September is usual for kindergarten.
-- returns  example text
SELECT DISTINCT stays.student_id::text AS example
FROM student_school_enrollments AS stays
INNER JOIN students USING (tenant_id, student_id)
WHERE
    extract(YEAR FROM age(make_date(stays.school_year - 1, 9, 1), students.birth_date))
    - 5
    - stays.grade_level
    NOT BETWEEN -2 AND 3;

-- name: born_too_late
-- Students born after they entered a school, or in the future.
-- severity error
-- do       Correct the birth date.
-- params   today date
-- returns  example text
SELECT DISTINCT students.student_id::text AS example
FROM students
LEFT JOIN student_school_enrollments AS stays USING (tenant_id, student_id)
WHERE students.birth_date >= coalesce(stays.entry_on, :today) OR students.birth_date > :today;

-- name: fact_in_the_future
-- Facts that have not happened yet: marks, work, events, incidents, measurements, outcomes.
-- severity error
-- do       Correct the day, or take the import back that brought them.
-- params   today date
-- returns  example text
SELECT concat_ws('/', 'attendance', student_id, date, period) AS example
FROM attendance_records
WHERE date > :today
UNION ALL
SELECT concat_ws('/', 'grade', student_id, assignment_id)
FROM grades
WHERE submitted_on > :today
UNION ALL
SELECT concat_ws('/', 'course grade', student_id, section_id, session_id)
FROM course_grades
WHERE awarded_on > :today
UNION ALL
SELECT concat_ws('/', 'progress', student_id, course_id, measured_on)
FROM progress
WHERE measured_on > :today
UNION ALL
SELECT concat_ws('/', 'event', student_id, section_id, event_on)
FROM analytics_events
WHERE event_on > :today
UNION ALL
SELECT concat_ws('/', 'incident', incident_id)
FROM discipline_incidents
WHERE incident_on > :today
UNION ALL
SELECT concat_ws('/', 'performance', performance_id)
FROM student_activity_performances
WHERE performed_on > :today
UNION ALL
SELECT concat_ws('/', 'metric', student_id, routine_id, performed_on)
FROM routine_performance_metrics
WHERE performed_on > :today
UNION ALL
SELECT concat_ws('/', 'fitness', student_id, fitness_test_id, tested_on)
FROM fitness_results
WHERE tested_on > :today;

-- name: known_before_it_was
-- Facts that were known before they happened.
-- severity warning
-- do       Correct the day, or the instant at which it is said to have been known: what is known too early makes
--          figures as of a day, and what a model learns from, better than they could have been.
-- params   time_zone text
-- returns  example text
SELECT concat_ws('/', 'attendance', student_id, date, period) AS example
FROM attendance_records
WHERE (known_at AT TIME ZONE :time_zone)::date < date
UNION ALL
SELECT concat_ws('/', 'grade', student_id, assignment_id)
FROM grades
WHERE (known_at AT TIME ZONE :time_zone)::date < submitted_on
UNION ALL
SELECT concat_ws('/', 'course grade', student_id, section_id, session_id)
FROM course_grades
WHERE (known_at AT TIME ZONE :time_zone)::date < awarded_on
UNION ALL
SELECT concat_ws('/', 'progress', student_id, course_id, measured_on)
FROM progress
WHERE (known_at AT TIME ZONE :time_zone)::date < measured_on
UNION ALL
SELECT concat_ws('/', 'outcome', outcomes.student_id, outcomes.section_id)
FROM course_outcomes AS outcomes
INNER JOIN sections USING (tenant_id, section_id)
WHERE (outcomes.known_at AT TIME ZONE :time_zone)::date < sections.starts_on
    AND outcomes.result <> 'withdrawn'
UNION ALL
SELECT concat_ws('/', 'event', student_id, section_id, event_on)
FROM analytics_events
WHERE (known_at AT TIME ZONE :time_zone)::date < event_on
UNION ALL
SELECT concat_ws('/', 'incident', incident_id)
FROM discipline_incidents
WHERE (known_at AT TIME ZONE :time_zone)::date < incident_on
UNION ALL
SELECT concat_ws('/', 'performance', performance_id)
FROM student_activity_performances
WHERE (known_at AT TIME ZONE :time_zone)::date < performed_on
UNION ALL
SELECT concat_ws('/', 'metric', student_id, routine_id, performed_on)
FROM routine_performance_metrics
WHERE (known_at AT TIME ZONE :time_zone)::date < performed_on
UNION ALL
SELECT concat_ws('/', 'fitness', student_id, fitness_test_id, tested_on)
FROM fitness_results
WHERE (known_at AT TIME ZONE :time_zone)::date < tested_on;

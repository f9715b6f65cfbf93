-- What belongs to nothing. A row is a fault, shown by ids, never by names: see __init__.py.

-- name: event_without_enrollment
-- Events of students in sections that they were never enrolled in.
-- severity error
-- do       Enroll the student, or take the import back that brought the events.
-- returns  example text
SELECT concat_ws('/', events.student_id, events.section_id, events.event_on) AS example
FROM analytics_events AS events
LEFT JOIN course_enrollments AS places USING (tenant_id, student_id, section_id)
WHERE places.tenant_id IS NULL;

-- name: grade_without_enrollment
-- Grades of students in sections that they were never enrolled in.
-- severity error
-- do       Enroll the student, or take the import back that brought the grades.
-- returns  example text
SELECT concat_ws('/', grades.student_id, grades.assignment_id) AS example
FROM grades
INNER JOIN assignments USING (tenant_id, assignment_id)
LEFT JOIN course_enrollments AS places
    ON
        grades.tenant_id = places.tenant_id
        AND grades.student_id = places.student_id
        AND assignments.section_id = places.section_id
WHERE places.tenant_id IS NULL;

-- name: course_grade_without_enrollment
-- Course grades of students in sections that they were never enrolled in.
-- severity error
-- do       Enroll the student, or take the import back that brought the course grades.
-- returns  example text
SELECT concat_ws('/', marks.student_id, marks.section_id, marks.session_id) AS example
FROM course_grades AS marks
LEFT JOIN course_enrollments AS places USING (tenant_id, student_id, section_id)
WHERE places.tenant_id IS NULL;

-- name: student_without_school
-- Students who were never enrolled in a school, where others are.
-- severity warning
-- do       Bring in their enrollments; nobody but those who see the whole tenant sees these students.
-- returns  example text
SELECT students.student_id::text AS example
FROM students
LEFT JOIN student_school_enrollments AS stays USING (tenant_id, student_id)
WHERE
    stays.tenant_id IS NULL
    AND EXISTS (SELECT 1 FROM student_school_enrollments);

-- name: section_without_teacher
-- Sections of schools with staff that nobody teaches.
-- severity warning
-- do       Assign a teacher: until then no teacher sees the students of the section.
-- returns  example text
SELECT sections.section_id::text AS example
FROM sections
LEFT JOIN section_staff
    ON
        sections.tenant_id = section_staff.tenant_id
        AND sections.section_id = section_staff.section_id
        AND section_staff.section_role = 'teacher'
WHERE
    section_staff.tenant_id IS NULL
    AND EXISTS (SELECT 1 FROM staff);

-- name: guardian_without_student
-- Guardians of nobody.
-- severity warning
-- do       Bring in whose guardian they are, or delete them: what has no purpose should not be kept.
-- returns  example text
SELECT guardians.guardian_id::text AS example
FROM guardians
LEFT JOIN student_guardians USING (tenant_id, guardian_id)
WHERE student_guardians.tenant_id IS NULL;

-- name: incident_without_participant
-- Incidents in which nobody took part.
-- severity warning
-- do       Say who took part: nobody but those who see the whole tenant sees these incidents.
-- returns  example text
SELECT incidents.incident_id::text AS example
FROM discipline_incidents AS incidents
LEFT JOIN incident_participants USING (tenant_id, incident_id)
WHERE incident_participants.tenant_id IS NULL;

-- name: prediction_without_features
-- Scores whose features are not kept: nobody can say what they were made from.
-- severity error
-- do       Score that day again.
-- returns  example text
SELECT predictions.prediction_id::text AS example
FROM predictions
LEFT JOIN student_features AS features
    ON
        predictions.tenant_id = features.tenant_id
        AND predictions.as_of = features.feature_date
        AND predictions.feature_set_version = features.feature_set_version
        AND predictions.student_id = features.student_id
        AND predictions.section_id IS NOT DISTINCT FROM features.section_id
WHERE features.tenant_id IS NULL;

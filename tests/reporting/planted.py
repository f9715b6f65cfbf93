"""A fault for each check of `rollbook validate`: what a careless hand, or a broken import, may run.

They run as the superuser with the database's own checks switched off; the transaction is rolled back.
"""

from typing import Final

# A student, and a section that the student is not in.
_STRANGERS: Final = """
    (SELECT s.tenant_id, s.student_id, x.section_id, x.course_id, x.starts_on, x.ends_on
     FROM students s CROSS JOIN sections x
     WHERE NOT EXISTS (SELECT 1 FROM course_enrollments e WHERE e.student_id = s.student_id
         AND e.section_id = x.section_id)
     ORDER BY s.student_id, x.section_id LIMIT 1) AS stranger
"""
_ONE_PLACE: Final = "(SELECT student_id, section_id FROM course_enrollments ORDER BY 1, 2 LIMIT 1)"
_A_STUDENT: Final = "(SELECT student_id FROM students ORDER BY 1 LIMIT 1)"
_A_SCHOOL: Final = "(SELECT school_id FROM schools ORDER BY school_code LIMIT 1)"
_NOBODY: Final = "'00000000-0000-7000-8000-000000000000'"
_FREE_DAY: Final = "(SELECT date FROM school_calendar_days WHERE NOT is_instructional ORDER BY 1 LIMIT 1)"

PLANTED: Final[dict[str, tuple[str, ...]]] = {
    "event_without_enrollment": (
        f"""INSERT INTO analytics_events
            (tenant_id, student_id, section_id, event_on, event_type, event_count)
        SELECT tenant_id, student_id, section_id, starts_on, 'clicks', 1 FROM {_STRANGERS}""",
    ),
    "grade_without_enrollment": (
        f"""INSERT INTO grades (tenant_id, student_id, assignment_id, grade_value)
        SELECT a.tenant_id, student_id, assignment_id, 5 FROM {_STRANGERS}
        JOIN assignments a USING (section_id) ORDER BY assignment_id LIMIT 1""",
    ),
    "course_grade_without_enrollment": (
        f"""INSERT INTO course_grades (tenant_id, student_id, section_id, session_id, awarded_on)
        SELECT a.tenant_id, student_id, section_id, session_id, a.starts_on FROM {_STRANGERS}
        JOIN academic_sessions a ON session_code = '2026'""",
    ),
    "student_without_school": (
        f"DELETE FROM student_school_enrollments WHERE student_id = {_A_STUDENT}",
        f"DELETE FROM attendance_records WHERE student_id = {_A_STUDENT}",
    ),
    "section_without_teacher": (
        "DELETE FROM section_staff WHERE section_id = (SELECT section_id FROM sections ORDER BY 1 LIMIT 1)",
    ),
    "guardian_without_student": (
        """INSERT INTO guardians (tenant_id, guardian_number, first_name, last_name)
        SELECT tenant_id, 'X', 'X', 'Y' FROM tenants""",
    ),
    "incident_without_participant": (
        """INSERT INTO discipline_incidents (tenant_id, incident_on, incident_type, severity_level)
        SELECT tenant_id, '2026-02-03', 'noise', 1 FROM tenants""",
    ),
    "prediction_without_features": (
        """INSERT INTO model_metadata (tenant_id, model_version, target, model_type, feature_set_version,
            trained_as_of, training_rows, metrics, hyperparameters, artifact, artifact_sha256)
        SELECT tenant_id, 'm', 'student', 'rule', 'f', '2026-01-01', 1, '{}', '{}', '', '' FROM tenants""",
        """INSERT INTO predictions (tenant_id, student_id, as_of, risk_score, risk_category, confidence, rank,
            cohort_size, risk_factors, model_version, feature_set_version)
        SELECT tenant_id, student_id, '2026-02-02', 0.5, 'medium', 0.5, 1, 1, '[]', 'm', 'f'
        FROM students ORDER BY student_id LIMIT 1""",
    ),
    "list_of_another_size": (
        """INSERT INTO predictions (tenant_id, student_id, as_of, risk_score, risk_category, confidence, rank,
            cohort_size, risk_factors, model_version, feature_set_version)
        SELECT tenant_id, student_id, '2026-02-02', 0.5, 'medium', 0.5, 1, 7, '[]', 'm', 'f'
        FROM students ORDER BY student_id LIMIT 2""",
    ),
    "overlapping_school_enrollments": (
        "ALTER TABLE student_school_enrollments DROP CONSTRAINT ex_student_school_enrollments_one_primary",
        """INSERT INTO student_school_enrollments (tenant_id, student_id, school_id, school_year, entry_on)
        SELECT tenant_id, student_id, school_id, 2026, entry_on + 5 FROM student_school_enrollments
        WHERE exit_on IS NULL ORDER BY enrollment_id LIMIT 1""",
    ),
    "overlapping_programs": (
        """INSERT INTO student_programs (tenant_id, student_id, program_type, begins_on)
        SELECT tenant_id, student_id, program_type, begins_on + 5 FROM student_programs
        WHERE ends_on IS NULL ORDER BY student_id, program_type LIMIT 1""",
    ),
    "overlapping_staff_assignments": (
        """INSERT INTO staff_assignments (tenant_id, staff_id, school_id, staff_role, begins_on)
        SELECT tenant_id, staff_id, school_id, staff_role, begins_on + 5 FROM staff_assignments
        ORDER BY staff_id LIMIT 1""",
    ),
    "two_sections_at_once": (
        f"""UPDATE sections SET periods = '{{9}}' WHERE section_id IN (
            SELECT section_id FROM course_enrollments
            WHERE student_id = {_A_STUDENT} AND withdrawn_on IS NULL)""",
    ),
    "enrollment_outside_section": (
        f"""UPDATE course_enrollments SET withdrawn_on = enrolled_on - 1
        WHERE (student_id, section_id) = {_ONE_PLACE}""",
    ),
    "section_at_another_school": (
        """UPDATE sections SET school_id = (SELECT school_id FROM schools WHERE school_code = 'NHH')
        WHERE section_id = (SELECT section_id FROM sections JOIN schools USING (school_id)
            WHERE school_code = 'MCE' ORDER BY 1 LIMIT 1)""",
    ),
    "mark_outside_enrollment": (
        f"""INSERT INTO attendance_records (tenant_id, student_id, date, status)
        SELECT tenant_id, {_A_STUDENT}, '2025-08-04', 'present' FROM tenants""",
    ),
    "mark_without_school": (
        f"""INSERT INTO attendance_records (tenant_id, student_id, date, status)
        SELECT tenant_id, student_id, {_FREE_DAY}, 'present' FROM student_school_enrollments
        WHERE exit_on IS NULL AND entry_on < {_FREE_DAY} ORDER BY student_id LIMIT 1""",
    ),
    "mark_of_day_and_period": (
        """INSERT INTO attendance_records (tenant_id, student_id, date, period, status)
        SELECT tenant_id, student_id, date, 0, 'present' FROM attendance_records
        WHERE period = 1 ORDER BY student_id, date LIMIT 1""",
    ),
    "work_due_outside_section": (
        """UPDATE assignments SET due_on = due_on + 300
        WHERE assignment_id = (SELECT assignment_id FROM assignments ORDER BY 1 LIMIT 1)""",
    ),
    "grade_outside_enrollment": (
        """UPDATE grades SET submitted_on = '2025-08-01' WHERE (student_id, assignment_id) = (
            SELECT student_id, assignment_id FROM grades ORDER BY 1, 2 LIMIT 1)""",
    ),
    "grade_above_maximum": (
        """UPDATE grades SET grade_value = 999 WHERE (student_id, assignment_id) = (
            SELECT student_id, assignment_id FROM grades ORDER BY 1, 2 LIMIT 1)""",
    ),
    "session_outside_its_parent": (
        "UPDATE academic_sessions SET ends_on = ends_on + 90 WHERE session_code = '2026-Q4'",
    ),
    "age_against_grade": (
        f"UPDATE students SET birth_date = birth_date - 4000 WHERE student_id = {_A_STUDENT}",
    ),
    "born_too_late": (f"UPDATE students SET birth_date = '2026-01-01' WHERE student_id = {_A_STUDENT}",),
    "fact_in_the_future": (
        """INSERT INTO discipline_incidents (tenant_id, incident_on, incident_type, severity_level)
        SELECT tenant_id, current_date + 400, 'noise', 1 FROM tenants""",
    ),
    "known_before_it_was": (
        """UPDATE fitness_results SET known_at = known_at - interval '3 days' WHERE student_id = (
            SELECT student_id FROM fitness_results ORDER BY 1 LIMIT 1)""",
    ),
    "credits_against_outcome": (
        """UPDATE course_outcomes o SET result = 'fail' FROM course_grades g
        WHERE g.credits_earned > 0 AND (o.student_id, o.section_id) = (g.student_id, g.section_id)""",
    ),
    "progress_against_assignments": (
        """UPDATE progress SET assignments_set = 400 WHERE (student_id, course_id, measured_on) = (
            SELECT student_id, course_id, measured_on FROM progress ORDER BY 1, 2, 3 LIMIT 1)""",
    ),
    "grade_level_against_enrollment": (
        """UPDATE students SET grade_level = mod(grade_level + 1, 13) WHERE student_id = (
            SELECT student_id FROM student_school_enrollments WHERE exit_on IS NULL ORDER BY 1 LIMIT 1)""",
    ),
    "withdrawn_without_withdrawal": (
        """UPDATE course_outcomes SET result = 'withdrawn' WHERE (student_id, section_id) = (
            SELECT student_id, section_id FROM course_outcomes WHERE result = 'pass' ORDER BY 1, 2
            LIMIT 1)""",
    ),
    "letter_of_no_scale": (
        """UPDATE course_grades SET grade_letter = 'Q' WHERE (student_id, section_id, session_id) = (
            SELECT student_id, section_id, session_id FROM course_grades ORDER BY 1, 2, 3 LIMIT 1)""",
    ),
    "one_person_twice": (
        """UPDATE students s SET first_name = 'Ada', last_name = 'Byron', birth_date = '2015-12-10'
        FROM (SELECT student_id FROM student_school_enrollments JOIN schools USING (school_id)
            WHERE school_code = 'MCE' AND exit_on IS NULL ORDER BY 1 LIMIT 2) two
        WHERE s.student_id = two.student_id""",
    ),
    "grade_outside_school": (f"UPDATE schools SET high_grade = low_grade WHERE school_id = {_A_SCHOOL}",),
    "section_too_large": (
        """INSERT INTO students (tenant_id, student_number) SELECT tenant_id, 'X' || n
        FROM tenants, generate_series(1, 70) n""",
        """INSERT INTO course_enrollments (tenant_id, student_id, section_id, enrolled_on)
        SELECT s.tenant_id, s.student_id, x.section_id, x.starts_on FROM students s
        CROSS JOIN (SELECT * FROM sections ORDER BY section_id LIMIT 1) x
        WHERE left(student_number, 1) = 'X'""",
    ),
    "lopsided_grade": (
        """INSERT INTO students (tenant_id, student_number) SELECT tenant_id, 'X' || n
        FROM tenants, generate_series(1, 90) n""",
        f"""INSERT INTO student_school_enrollments
            (tenant_id, student_id, school_id, school_year, grade_level, entry_on)
        SELECT tenant_id, student_id, {_A_SCHOOL}, 2026, 3, '2025-08-18' FROM students
        WHERE left(student_number, 1) = 'X'""",
    ),
    "constraint_not_validated": ("ALTER TABLE schools ADD CONSTRAINT later CHECK (name <> '') NOT VALID",),
    "index_invalid": (
        "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'ix_schools_history_key'::regclass",
    ),
    "trigger_disabled": ("ALTER TABLE schools DISABLE TRIGGER keep_updated",),
    "table_without_walls": ("ALTER TABLE schools NO FORCE ROW LEVEL SECURITY",),
    "month_missing": ("DROP TABLE attendance_records_2026_02",),
    "partition_without_index": (
        "DROP INDEX ix_attendance_records_tenant_id_date",
        "CREATE INDEX later ON ONLY attendance_records (tenant_id, date)",
    ),
    "broken_reference:grades.assignment_id": (
        """DELETE FROM assignments WHERE assignment_id = (
            SELECT assignment_id FROM assignments ORDER BY 1 LIMIT 1)""",
    ),
    "broken_reference:student_guardians.guardian_id": (
        """DELETE FROM guardians WHERE guardian_id = (
            SELECT guardian_id FROM student_guardians ORDER BY 1 LIMIT 1)""",
    ),
    "broken_reference:attendance_records.student_id": (
        f"DELETE FROM students WHERE student_id = {_A_STUDENT}",
    ),
    "known_in_the_future:courses": ("UPDATE courses SET known_at = now() + interval '1 hour'",),
    "known_in_the_future:attendance_records": (
        f"UPDATE attendance_records SET known_at = now() + interval '1 hour' WHERE student_id = {_A_STUDENT}",
    ),
    "unknown_import:students": (f"UPDATE students SET import_id = 99 WHERE student_id = {_A_STUDENT}",),
    "versions_overlap:attendance_records": (
        """UPDATE attendance_records_history SET superseded_at = superseded_at + interval '1 day'
        WHERE history_id = (SELECT min(history_id) FROM attendance_records_history)""",
    ),
    "source_record_of_nothing:students": (
        f"""INSERT INTO source_records (tenant_id, source, record_type, source_id, entity_type, entity_id)
        SELECT tenant_id, 'sis', 'users', 'u1', 'students', {_NOBODY} FROM tenants""",
    ),
    "source_record_of_no_table": (
        f"""INSERT INTO source_records (tenant_id, source, record_type, source_id, entity_type, entity_id)
        SELECT tenant_id, 'sis', 'users', 'u1', 'pupils', {_NOBODY} FROM tenants""",
    ),
}

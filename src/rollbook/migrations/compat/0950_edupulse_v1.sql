-- The schema of EduPulse as the document of its database module (001) has it: students are known by the
-- district's number, everything else is numbered. Timestamps have no zone there: they are the session's.

CREATE SCHEMA edupulse_v1;

CREATE VIEW edupulse_v1.students WITH (security_invoker = TRUE) AS
SELECT
    cast(student_number AS varchar) AS student_id,
    cast(first_name AS varchar) AS first_name,
    cast(last_name AS varchar) AS last_name,
    cast(grade_level AS integer) AS grade_level,
    coalesce(
        cast(metadata -> 'compat' ->> 'enrollment_date' AS date),
        (
            SELECT min(place.entry_on)
            FROM public.student_school_enrollments AS place
            WHERE place.tenant_id = students.tenant_id AND place.student_id = students.student_id
        )
    ) AS enrollment_date,
    birth_date AS date_of_birth,
    cast(gender AS varchar) AS gender,
    cast(array_to_string(race_ethnicity, ', ') AS varchar) AS ethnicity,
    is_special_education AS special_ed_status,
    is_english_learner AS english_learner_status,
    cast(economic_status AS varchar) AS socioeconomic_status,
    cast(created_at AS timestamp) AS created_at,
    cast(known_at AS timestamp) AS updated_at
FROM public.students;

ALTER VIEW edupulse_v1.students ALTER COLUMN special_ed_status SET DEFAULT FALSE;
ALTER VIEW edupulse_v1.students ALTER COLUMN english_learner_status SET DEFAULT FALSE;
ALTER VIEW edupulse_v1.students ALTER COLUMN created_at SET DEFAULT current_timestamp;
ALTER VIEW edupulse_v1.students ALTER COLUMN updated_at SET DEFAULT current_timestamp;

CREATE FUNCTION edupulse_v1.write_student() RETURNS trigger
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    here CONSTANT integer := rollbook_tenant();
BEGIN
    IF TG_OP = 'DELETE' THEN
        DELETE FROM students WHERE tenant_id = here AND student_number = OLD.student_id;
        RETURN CASE WHEN FOUND THEN OLD END;
    ELSIF TG_OP = 'INSERT' THEN
        INSERT INTO students (
            tenant_id, student_number, first_name, last_name, grade_level, birth_date, gender, race_ethnicity,
            is_special_education, is_english_learner, economic_status, metadata, created_at, known_at
        ) VALUES (
            here, NEW.student_id, NEW.first_name, NEW.last_name, NEW.grade_level, NEW.date_of_birth, NEW.gender,
            string_to_array(NEW.ethnicity, ', '), NEW.special_ed_status, NEW.english_learner_status,
            NEW.socioeconomic_status,
            rollbook_with_stated('{}', jsonb_build_object('enrollment_date', NEW.enrollment_date)),
            NEW.created_at, least(NEW.created_at, now())
        );
        RETURN NEW;
    END IF;
    UPDATE students SET
        student_number = NEW.student_id, first_name = NEW.first_name, last_name = NEW.last_name,
        grade_level = NEW.grade_level, birth_date = NEW.date_of_birth, gender = NEW.gender,
        race_ethnicity = string_to_array(NEW.ethnicity, ', '), is_special_education = NEW.special_ed_status,
        is_english_learner = NEW.english_learner_status, economic_status = NEW.socioeconomic_status,
        metadata = CASE
            WHEN NEW.enrollment_date IS NOT DISTINCT FROM OLD.enrollment_date THEN metadata
            ELSE rollbook_with_stated(
                metadata,
                coalesce(metadata -> 'compat', '{}') || jsonb_build_object('enrollment_date', NEW.enrollment_date)
            )
        END,
        known_at = now(), import_id = NULL
    WHERE tenant_id = here AND student_number = OLD.student_id;
    RETURN CASE WHEN FOUND THEN NEW END;
END
$$;
CREATE TRIGGER write_student INSTEAD OF INSERT OR UPDATE OR DELETE ON edupulse_v1.students
FOR EACH ROW EXECUTE FUNCTION edupulse_v1.write_student();

CREATE VIEW edupulse_v1.attendance_records WITH (security_invoker = TRUE) AS
SELECT
    public.rollbook_serial(
        public.rollbook_attendance_id(mark.student_id, mark.date, cast(mark.period AS integer))
    ) AS id,
    cast(student.student_number AS varchar) AS student_id,
    mark.date,
    mark.status,
    nullif(cast(mark.period AS integer), 0) AS period,
    cast(mark.minutes_late AS integer) AS minutes_late,
    cast(mark.reason AS varchar) AS reason,
    cast(mark.known_at AS timestamp) AS created_at
FROM public.attendance_records AS mark
INNER JOIN
    public.students AS student
    ON mark.tenant_id = student.tenant_id AND mark.student_id = student.student_id;

ALTER VIEW edupulse_v1.attendance_records ALTER COLUMN minutes_late SET DEFAULT 0;
ALTER VIEW edupulse_v1.attendance_records ALTER COLUMN created_at SET DEFAULT current_timestamp;

CREATE FUNCTION edupulse_v1.write_attendance_record() RETURNS trigger
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    here CONSTANT integer := rollbook_tenant();
    student uuid;
BEGIN
    IF TG_OP = 'INSERT' THEN
        student := rollbook_student(NEW.student_id);
        PERFORM rollbook_ensure_month('attendance_records', NEW.date);
        INSERT INTO attendance_records (tenant_id, student_id, date, period, status, minutes_late, reason, known_at)
        VALUES (
            here, student, NEW.date, coalesce(NEW.period, 0), NEW.status, coalesce(NEW.minutes_late, 0), NEW.reason,
            least(NEW.created_at, now())
        );
        NEW.id := rollbook_serial(rollbook_attendance_id(student, NEW.date, coalesce(NEW.period, 0)));
        RETURN NEW;
    END IF;
    student := rollbook_student(OLD.student_id);
    IF TG_OP = 'DELETE' THEN
        DELETE FROM attendance_records
        WHERE tenant_id = here AND student_id = student AND date = OLD.date AND period = coalesce(OLD.period, 0);
        RETURN CASE WHEN FOUND THEN OLD END;
    END IF;
    PERFORM rollbook_refuse_change(
        'attendance_records.id, student_id, date and period',
        concat_ws(' ', OLD.id, OLD.student_id, OLD.date, coalesce(OLD.period, 0)),
        concat_ws(' ', NEW.id, NEW.student_id, NEW.date, coalesce(NEW.period, 0))
    );
    UPDATE attendance_records SET
        status = NEW.status, reason = NEW.reason, known_at = now(), import_id = NULL,
        minutes_late = CASE NEW.status WHEN 'tardy' THEN coalesce(NEW.minutes_late, 0) ELSE 0 END
    WHERE tenant_id = here AND student_id = student AND date = OLD.date AND period = coalesce(OLD.period, 0);
    RETURN CASE WHEN FOUND THEN NEW END;
END
$$;
CREATE TRIGGER write_attendance_record INSTEAD OF INSERT OR UPDATE OR DELETE ON edupulse_v1.attendance_records
FOR EACH ROW EXECUTE FUNCTION edupulse_v1.write_attendance_record();

CREATE VIEW edupulse_v1.grades WITH (security_invoker = TRUE) AS
SELECT
    public.rollbook_serial(public.rollbook_pair_id(mark.student_id, mark.assignment_id)) AS id,
    cast(student.student_number AS varchar) AS student_id,
    cast(course.course_code AS varchar) AS course_id,
    cast(work.assignment_code AS varchar) AS assignment_id,
    CASE
        WHEN work.assignment_type = 'other' THEN coalesce(cast(kind.title AS varchar), work.assignment_type)
        ELSE work.assignment_type
    END AS assignment_type,
    cast(mark.grade_value AS double precision) AS grade_value,
    cast(work.max_value AS double precision) AS max_grade_value,
    mark.submitted_on AS submission_date,
    cast(term.title AS varchar) AS semester,
    cast(
        public.rollbook_year_name(
            coalesce(
                cast(term.school_year AS integer),
                public.rollbook_school_year(coalesce(mark.submitted_on, work.due_on, section.starts_on))
            )
        ) AS varchar
    ) AS academic_year,
    cast(mark.known_at AS timestamp) AS created_at
FROM public.grades AS mark
INNER JOIN
    public.students AS student
    ON mark.tenant_id = student.tenant_id AND mark.student_id = student.student_id
INNER JOIN
    public.assignments AS work
    ON mark.tenant_id = work.tenant_id AND mark.assignment_id = work.assignment_id
INNER JOIN
    public.sections AS section
    ON work.tenant_id = section.tenant_id AND work.section_id = section.section_id
INNER JOIN
    public.courses AS course
    ON section.tenant_id = course.tenant_id AND section.course_id = course.course_id
LEFT JOIN public.assignment_categories AS kind
    ON work.tenant_id = kind.tenant_id AND work.category_id = kind.category_id
LEFT JOIN public.academic_sessions AS term
    ON work.tenant_id = term.tenant_id AND work.session_id = term.session_id
WHERE mark.grade_value IS NOT NULL;

ALTER VIEW edupulse_v1.grades ALTER COLUMN max_grade_value SET DEFAULT 100;
ALTER VIEW edupulse_v1.grades ALTER COLUMN created_at SET DEFAULT current_timestamp;

CREATE FUNCTION edupulse_v1.write_grade() RETURNS trigger
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    here CONSTANT integer := rollbook_tenant();
    student CONSTANT uuid := rollbook_student(CASE WHEN TG_OP = 'INSERT' THEN NEW.student_id ELSE OLD.student_id END);
    work uuid;
    year integer;
    day date;
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.grade_value IS NULL THEN
            RAISE EXCEPTION 'grade_value is missing' USING ERRCODE = 'not_null_violation';
        END IF;
        year := coalesce(
            substring(NEW.academic_year FROM '^\d{4}[-/](\d{4})$')::integer,
            rollbook_school_year(coalesce(NEW.submission_date, current_date))
        );
        day := coalesce(NEW.submission_date, least(current_date, make_date(year, 6, 30)));
        work := rollbook_assignment_for(
            student, rollbook_section_for(student, NEW.course_id, NULL, day), NEW.assignment_id, NEW.assignment_type,
            coalesce(NEW.max_grade_value, 100)::numeric, NEW.submission_date, rollbook_session_for(year, NEW.semester)
        );
        INSERT INTO grades (tenant_id, student_id, assignment_id, grade_value, submitted_on, known_at)
        VALUES (here, student, work, NEW.grade_value, NEW.submission_date, least(NEW.created_at, now()));
        NEW.id := rollbook_serial(rollbook_pair_id(student, work));
        RETURN NEW;
    END IF;
    SELECT assignment_id INTO work FROM grades
    WHERE tenant_id = here AND student_id = student
        AND rollbook_serial(rollbook_pair_id(student_id, assignment_id)) = OLD.id;
    IF TG_OP = 'DELETE' THEN
        DELETE FROM grades WHERE tenant_id = here AND student_id = student AND assignment_id = work;
        RETURN CASE WHEN FOUND THEN OLD END;
    END IF;
    PERFORM rollbook_refuse_change(
        'all of grades but grade_value and submission_date',
        (to_jsonb(OLD) - 'grade_value' - 'submission_date' - 'academic_year' - 'created_at')::text,
        (to_jsonb(NEW) - 'grade_value' - 'submission_date' - 'academic_year' - 'created_at')::text
    );
    UPDATE grades SET
        grade_value = NEW.grade_value, submitted_on = NEW.submission_date, known_at = now(), import_id = NULL
    WHERE tenant_id = here AND student_id = student AND assignment_id = work;
    RETURN CASE WHEN FOUND THEN NEW END;
END
$$;
CREATE TRIGGER write_grade INSTEAD OF INSERT OR UPDATE OR DELETE ON edupulse_v1.grades
FOR EACH ROW EXECUTE FUNCTION edupulse_v1.write_grade();

CREATE VIEW edupulse_v1.predictions WITH (security_invoker = TRUE) AS
SELECT
    public.rollbook_serial(guess.prediction_id) AS id,
    cast(student.student_number AS varchar) AS student_id,
    guess.risk_score,
    guess.risk_category,
    guess.confidence,
    guess.risk_factors,
    cast(nullif(guess.model_version, 'unversioned') AS varchar) AS model_version,
    cast(
        least(
            guess.predicted_at + interval '1 microsecond',
            cast(guess.as_of + 1 AS timestamp) AT TIME ZONE (SELECT public.rollbook_zone())
        ) - guess.rank * interval '1 microsecond' AS timestamp
    ) AS prediction_date,
    cast(guess.predicted_at AS timestamp) AS created_at
FROM public.predictions AS guess
INNER JOIN
    public.students AS student
    ON guess.tenant_id = student.tenant_id AND guess.student_id = student.student_id;

ALTER VIEW edupulse_v1.predictions ALTER COLUMN created_at SET DEFAULT current_timestamp;

CREATE FUNCTION edupulse_v1.write_prediction() RETURNS trigger
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    here CONSTANT integer := rollbook_tenant();
    made uuid;
BEGIN
    IF TG_OP = 'INSERT' THEN
        made := uuidv7();
        PERFORM rollbook_predict(
            made, rollbook_student(NEW.student_id), NEW.risk_score, NEW.risk_category, NEW.confidence,
            NEW.risk_factors, NEW.model_version, NEW.prediction_date::timestamptz
        );
        NEW.id := rollbook_serial(made);
        RETURN NEW;
    END IF;
    SELECT prediction_id INTO made FROM predictions
    WHERE tenant_id = here AND student_id = rollbook_student(OLD.student_id) AND rollbook_serial(prediction_id) = OLD.id;
    IF TG_OP = 'DELETE' THEN
        DELETE FROM predictions WHERE tenant_id = here AND prediction_id = made;
        RETURN CASE WHEN FOUND THEN OLD END;
    END IF;
    PERFORM rollbook_refuse_change(
        'predictions.id, student_id, prediction_date and model_version',
        concat_ws(' ', OLD.id, OLD.student_id, OLD.prediction_date, OLD.model_version),
        concat_ws(' ', NEW.id, NEW.student_id, NEW.prediction_date, NEW.model_version)
    );
    UPDATE predictions SET
        risk_score = NEW.risk_score, risk_category = NEW.risk_category, confidence = NEW.confidence,
        risk_factors = coalesce(NEW.risk_factors, '[]')
    WHERE tenant_id = here AND prediction_id = made AND feature_set_version = 'elsewhere';
    IF NOT FOUND THEN
        RAISE EXCEPTION 'this prediction is Rollbook''s own' USING ERRCODE = 'feature_not_supported',
            HINT = 'Insert one of your own model.';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER write_prediction INSTEAD OF INSERT OR UPDATE OR DELETE ON edupulse_v1.predictions
FOR EACH ROW EXECUTE FUNCTION edupulse_v1.write_prediction();

CREATE VIEW edupulse_v1.student_risk_summary WITH (security_invoker = TRUE) AS
SELECT
    student.student_id,
    student.first_name,
    student.last_name,
    newest.risk_score,
    newest.risk_category
FROM edupulse_v1.students AS student
INNER JOIN (
    SELECT DISTINCT ON (student_id)
        student_id,
        risk_score,
        risk_category
    FROM edupulse_v1.predictions
    ORDER BY student_id ASC, prediction_date DESC
) AS newest ON student.student_id = newest.student_id;

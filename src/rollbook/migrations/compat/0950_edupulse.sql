-- The schema of EduPulse as its schema document (version 1.0) has it, over our tables.

CREATE SCHEMA edupulse;

-- The documented queries call them: PostgreSQL rounds only numeric to places, and uuid-ossp need not be there.
CREATE FUNCTION edupulse.round(double precision, integer) RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT
RETURN pg_catalog.round(cast($1 AS numeric), $2);

CREATE FUNCTION edupulse.uuid_generate_v4() RETURNS uuid
LANGUAGE sql VOLATILE PARALLEL SAFE
RETURN gen_random_uuid();

CREATE VIEW edupulse.students WITH (security_invoker = TRUE) AS
SELECT
    student_id AS id,
    cast(student_number AS varchar) AS district_id,
    cast(first_name AS varchar) AS first_name,
    cast(last_name AS varchar) AS last_name,
    cast(grade_level AS integer) AS grade_level,
    birth_date AS date_of_birth,
    cast(gender AS varchar) AS gender,
    cast(array_to_string(race_ethnicity, ', ') AS varchar) AS ethnicity,
    cast(economic_status AS varchar) AS socioeconomic_status,
    coalesce(
        (
            SELECT
                cast(
                    sum(step.grade_points * coalesce(mark.credits_attempted, 1))
                    / nullif(sum(coalesce(mark.credits_attempted, 1)), 0) AS real
                )
            FROM public.course_grades AS mark
            INNER JOIN public.grade_scales AS scale ON mark.tenant_id = scale.tenant_id AND scale.is_default
            INNER JOIN public.grade_scale_steps AS step
                ON
                    scale.tenant_id = step.tenant_id
                    AND scale.grade_scale_id = step.grade_scale_id
                    AND mark.grade_letter = step.grade_letter
            WHERE
                mark.tenant_id = students.tenant_id
                AND mark.student_id = students.student_id
                AND mark.is_final
                AND step.grade_points IS NOT NULL
        ),
        cast(metadata -> 'compat' ->> 'gpa' AS real)
    ) AS gpa,
    coalesce(
        (
            SELECT
                cast(
                    coalesce(
                        avg(cast(status IN ('present', 'tardy') AS integer)) FILTER (WHERE period = 0),
                        avg(cast(status IN ('present', 'tardy') AS integer))
                    ) AS real
                )
            FROM public.attendance_records AS mark
            WHERE mark.tenant_id = students.tenant_id AND mark.student_id = students.student_id
        ),
        cast(metadata -> 'compat' ->> 'attendance_rate' AS real)
    ) AS attendance_rate,
    coalesce(
        cast(metadata -> 'compat' ->> 'parent_contact' AS varchar),
        (
            SELECT
                cast(
                    concat_ws(
                        ', ', concat_ws(' ', parent.first_name, parent.last_name), parent.phone, parent.email
                    ) AS varchar
                )
            FROM public.student_guardians AS tie
            INNER JOIN
                public.guardians AS parent
                ON tie.tenant_id = parent.tenant_id AND tie.guardian_id = parent.guardian_id
            WHERE tie.tenant_id = students.tenant_id
                AND tie.student_id = students.student_id
                AND tie.may_see_records
            ORDER BY tie.contact_order ASC NULLS LAST, parent.guardian_number ASC
            LIMIT 1
        )
    ) AS parent_contact,
    coalesce(
        cast(metadata -> 'compat' ->> 'enrollment_date' AS date),
        (
            SELECT min(place.entry_on)
            FROM public.student_school_enrollments AS place
            WHERE place.tenant_id = students.tenant_id AND place.student_id = students.student_id
        )
    ) AS enrollment_date,
    metadata - 'compat' AS student_metadata,
    created_at,
    known_at AS updated_at
FROM public.students;

ALTER VIEW edupulse.students ALTER COLUMN id SET DEFAULT uuidv7();
ALTER VIEW edupulse.students ALTER COLUMN enrollment_date SET DEFAULT current_date;
ALTER VIEW edupulse.students ALTER COLUMN student_metadata SET DEFAULT '{}';
ALTER VIEW edupulse.students ALTER COLUMN created_at SET DEFAULT now();
ALTER VIEW edupulse.students ALTER COLUMN updated_at SET DEFAULT now();

CREATE FUNCTION edupulse.write_student() RETURNS trigger
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    here CONSTANT integer := rollbook_tenant();
    stated jsonb := '{}';
BEGIN
    IF TG_OP = 'DELETE' THEN
        DELETE FROM students WHERE tenant_id = here AND student_id = OLD.id;
        RETURN CASE WHEN FOUND THEN OLD END;
    ELSIF TG_OP = 'INSERT' THEN
        INSERT INTO students (
            tenant_id, student_id, student_number, first_name, last_name, grade_level, birth_date, gender,
            race_ethnicity, economic_status, metadata, created_at, known_at
        ) VALUES (
            here, NEW.id, NEW.district_id, NEW.first_name, NEW.last_name, NEW.grade_level, NEW.date_of_birth,
            NEW.gender, string_to_array(NEW.ethnicity, ', '), NEW.socioeconomic_status,
            rollbook_with_stated(NEW.student_metadata, jsonb_build_object(
                'gpa', NEW.gpa, 'attendance_rate', NEW.attendance_rate, 'parent_contact', NEW.parent_contact,
                'enrollment_date', NEW.enrollment_date
            )),
            NEW.created_at, least(NEW.created_at, now())
        );
        RETURN NEW;
    END IF;
    PERFORM rollbook_refuse_change('students.id', OLD.id::text, NEW.id::text);
    -- What only our records say is not to become a statement because a row is written back whole.
    SELECT coalesce(jsonb_object_agg(after.key, after.value), '{}') INTO stated
    FROM jsonb_each(to_jsonb(NEW)) AS after
    WHERE after.key IN ('gpa', 'attendance_rate', 'parent_contact', 'enrollment_date')
        AND after.value IS DISTINCT FROM to_jsonb(OLD) -> after.key;
    UPDATE students SET
        student_number = NEW.district_id, first_name = NEW.first_name, last_name = NEW.last_name,
        grade_level = NEW.grade_level, birth_date = NEW.date_of_birth, gender = NEW.gender,
        race_ethnicity = string_to_array(NEW.ethnicity, ', '), economic_status = NEW.socioeconomic_status,
        metadata = rollbook_with_stated(NEW.student_metadata, coalesce(metadata -> 'compat', '{}') || stated),
        known_at = now(), import_id = NULL
    WHERE tenant_id = here AND student_id = OLD.id;
    RETURN CASE WHEN FOUND THEN NEW END;
END
$$;
CREATE TRIGGER write_student INSTEAD OF INSERT OR UPDATE OR DELETE ON edupulse.students
FOR EACH ROW EXECUTE FUNCTION edupulse.write_student();

CREATE VIEW edupulse.attendance_records WITH (security_invoker = TRUE) AS
SELECT
    public.rollbook_attendance_id(student_id, date, cast(period AS integer)) AS id,
    student_id,
    date,
    status,
    nullif(cast(period AS integer), 0) AS period,
    known_at AS created_at
FROM public.attendance_records;

ALTER VIEW edupulse.attendance_records ALTER COLUMN created_at SET DEFAULT now();

CREATE FUNCTION edupulse.write_attendance_record() RETURNS trigger
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    here CONSTANT integer := rollbook_tenant();
BEGIN
    IF TG_OP = 'INSERT' THEN
        PERFORM rollbook_ensure_month('attendance_records', NEW.date);
        INSERT INTO attendance_records (tenant_id, student_id, date, period, status, known_at)
        VALUES (here, NEW.student_id, NEW.date, coalesce(NEW.period, 0), NEW.status, least(NEW.created_at, now()));
        NEW.id := rollbook_attendance_id(NEW.student_id, NEW.date, coalesce(NEW.period, 0));
        RETURN NEW;
    ELSIF TG_OP = 'DELETE' THEN
        DELETE FROM attendance_records
        WHERE tenant_id = here AND student_id = OLD.student_id AND date = OLD.date AND period = coalesce(OLD.period, 0);
        RETURN CASE WHEN FOUND THEN OLD END;
    END IF;
    PERFORM rollbook_refuse_change(
        'attendance_records.id, student_id, date and period',
        concat_ws(' ', OLD.id, OLD.student_id, OLD.date, coalesce(OLD.period, 0)),
        concat_ws(' ', NEW.id, NEW.student_id, NEW.date, coalesce(NEW.period, 0))
    );
    UPDATE attendance_records SET
        status = NEW.status, minutes_late = CASE NEW.status WHEN 'tardy' THEN minutes_late ELSE 0 END,
        known_at = now(), import_id = NULL
    WHERE tenant_id = here AND student_id = OLD.student_id AND date = OLD.date AND period = coalesce(OLD.period, 0);
    RETURN CASE WHEN FOUND THEN NEW END;
END
$$;
CREATE TRIGGER write_attendance_record INSTEAD OF INSERT OR UPDATE OR DELETE ON edupulse.attendance_records
FOR EACH ROW EXECUTE FUNCTION edupulse.write_attendance_record();

-- A mark out of 100, as the original had it, whatever the work is marked out of.
CREATE VIEW edupulse.grades WITH (security_invoker = TRUE) AS
SELECT
    public.rollbook_pair_id(mark.student_id, mark.assignment_id) AS id,
    mark.student_id,
    cast(course.course_code AS varchar) AS course_id,
    cast(course.title AS varchar) AS course_name,
    cast(mark.grade_value * 100 / work.max_value AS real) AS grade_value,
    cast(mark.grade_letter AS varchar) AS grade_letter,
    coalesce(mark.submitted_on, work.due_on, section.ends_on) AS submission_date,
    CASE
        WHEN work.assignment_type = 'other' THEN coalesce(cast(kind.title AS varchar), work.assignment_type)
        ELSE work.assignment_type
    END AS assignment_type,
    mark.known_at AS created_at
FROM public.grades AS mark
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
    ON work.tenant_id = kind.tenant_id AND work.category_id = kind.category_id;

ALTER VIEW edupulse.grades ALTER COLUMN created_at SET DEFAULT now();

CREATE FUNCTION edupulse.write_grade() RETURNS trigger
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    here CONSTANT integer := rollbook_tenant();
    work uuid;
BEGIN
    IF TG_OP <> 'INSERT' THEN
        SELECT assignment_id INTO work FROM grades
        WHERE tenant_id = here AND student_id = OLD.student_id AND rollbook_pair_id(student_id, assignment_id) = OLD.id;
    END IF;
    IF TG_OP = 'DELETE' THEN
        DELETE FROM grades WHERE tenant_id = here AND student_id = OLD.student_id AND assignment_id = work;
        RETURN CASE WHEN FOUND THEN OLD END;
    ELSIF NEW.grade_value NOT BETWEEN 0 AND 100 THEN
        RAISE EXCEPTION 'grade_value is to be between 0 and 100' USING ERRCODE = 'check_violation';
    ELSIF TG_OP = 'INSERT' THEN
        work := rollbook_assignment_for(
            NEW.student_id,
            rollbook_section_for(NEW.student_id, NEW.course_id, NEW.course_name, NEW.submission_date),
            NULL, NEW.assignment_type, 100, NEW.submission_date, NULL
        );
        INSERT INTO grades (tenant_id, student_id, assignment_id, grade_value, grade_letter, submitted_on, known_at)
        VALUES (
            here, NEW.student_id, work, NEW.grade_value, NEW.grade_letter, NEW.submission_date,
            least(NEW.created_at, now())
        );
        NEW.id := rollbook_pair_id(NEW.student_id, work);
        RETURN NEW;
    END IF;
    PERFORM rollbook_refuse_change(
        'grades.id, student_id, course_id, course_name and assignment_type',
        concat_ws(' ', OLD.id, OLD.student_id, OLD.course_id, OLD.course_name, OLD.assignment_type),
        concat_ws(' ', NEW.id, NEW.student_id, NEW.course_id, NEW.course_name, NEW.assignment_type)
    );
    UPDATE grades AS mark SET
        grade_value = NEW.grade_value::numeric * max_value / 100, grade_letter = NEW.grade_letter,
        submitted_on = NEW.submission_date, known_at = now(), import_id = NULL
    FROM assignments
    WHERE mark.tenant_id = here AND mark.student_id = OLD.student_id AND mark.assignment_id = work
        AND assignments.tenant_id = here AND assignments.assignment_id = work;
    RETURN CASE WHEN FOUND THEN NEW END;
END
$$;
CREATE TRIGGER write_grade INSTEAD OF INSERT OR UPDATE OR DELETE ON edupulse.grades
FOR EACH ROW EXECUTE FUNCTION edupulse.write_grade();

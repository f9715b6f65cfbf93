-- The teachers and students of Flourish (003). People are known by their number and one name; a student has one
-- teacher: that of the homeroom, or else of a section that the student is in.

CREATE SCHEMA flourish;

CREATE FUNCTION rollbook_first_name(name text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN substring(name FROM '^(.*?)(?:\s+\S+)?$');

CREATE FUNCTION rollbook_last_name(name text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN substring(name FROM '\s(\S+)$');

CREATE VIEW flourish.teachers WITH (security_invoker = TRUE) AS
SELECT
    cast(staff_number AS varchar) AS id,
    cast(rtrim(concat_ws(' ', first_name, last_name)) AS varchar) AS name,
    cast(email AS varchar) AS email,
    cast(created_at AS timestamp) AS created_at
FROM public.staff;

ALTER VIEW flourish.teachers ALTER COLUMN created_at SET DEFAULT now();

CREATE FUNCTION flourish.write_teacher() RETURNS trigger
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    here CONSTANT integer := rollbook_tenant();
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO staff (tenant_id, staff_number, first_name, last_name, email, created_at)
        VALUES (
            here, NEW.id, rollbook_first_name(NEW.name), coalesce(rollbook_last_name(NEW.name), ''), NEW.email,
            NEW.created_at
        );
        RETURN NEW;
    ELSIF TG_OP = 'DELETE' THEN
        DELETE FROM staff WHERE tenant_id = here AND staff_number = OLD.id;
        RETURN CASE WHEN FOUND THEN OLD END;
    END IF;
    UPDATE staff SET
        staff_number = NEW.id, email = NEW.email, known_at = now(), import_id = NULL,
        first_name = CASE WHEN NEW.name = OLD.name THEN first_name ELSE rollbook_first_name(NEW.name) END,
        last_name = CASE WHEN NEW.name = OLD.name THEN last_name ELSE coalesce(rollbook_last_name(NEW.name), '') END
    WHERE tenant_id = here AND staff_number = OLD.id;
    RETURN CASE WHEN FOUND THEN NEW END;
END
$$;
CREATE TRIGGER write_teacher INSTEAD OF INSERT OR UPDATE OR DELETE ON flourish.teachers
FOR EACH ROW EXECUTE FUNCTION flourish.write_teacher();

CREATE VIEW flourish.students WITH (security_invoker = TRUE) AS
SELECT
    cast(student_number AS varchar) AS id,
    cast(rtrim(concat_ws(' ', first_name, last_name)) AS varchar) AS name,
    cast(grade_level AS integer) AS grade,
    (
        SELECT cast(person.staff_number AS varchar)
        FROM public.course_enrollments AS place
        INNER JOIN
            public.sections AS section
            ON place.tenant_id = section.tenant_id AND place.section_id = section.section_id
        INNER JOIN
            public.section_staff AS teaching
            ON section.tenant_id = teaching.tenant_id AND section.section_id = teaching.section_id
        INNER JOIN
            public.staff AS person
            ON teaching.tenant_id = person.tenant_id AND teaching.staff_id = person.staff_id
        WHERE
            place.tenant_id = students.tenant_id
            AND place.student_id = students.student_id
            AND (place.withdrawn_on IS NULL OR place.withdrawn_on > current_date)
            AND (teaching.ends_on IS NULL OR teaching.ends_on > current_date)
        ORDER BY
            section.ends_on >= current_date DESC, section.is_homeroom DESC, section.ends_on DESC,
            teaching.is_primary DESC, person.staff_number ASC
        LIMIT 1
    ) AS teacher_id,
    cast(created_at AS timestamp) AS created_at
FROM public.students;

ALTER VIEW flourish.students ALTER COLUMN created_at SET DEFAULT now();

-- Put the student in the homeroom of this teacher, made where there is none, and in no other.
CREATE FUNCTION rollbook_place_in_homeroom(student uuid, teacher text) RETURNS void
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    here CONSTANT integer := rollbook_tenant();
    year CONSTANT integer := rollbook_school_year(current_date);
    person uuid;
    course uuid;
    room uuid;
BEGIN
    UPDATE course_enrollments AS place SET withdrawn_on = current_date, known_at = now(), import_id = NULL
    FROM sections
    WHERE place.tenant_id = here AND place.student_id = student AND sections.tenant_id = here
        AND sections.section_id = place.section_id AND is_homeroom AND ends_on >= current_date
        AND withdrawn_on IS NULL;
    IF teacher IS NULL THEN
        RETURN;
    END IF;
    SELECT staff_id INTO person FROM staff WHERE tenant_id = here AND staff_number = teacher;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'teacher_id names no teacher' USING ERRCODE = 'foreign_key_violation';
    END IF;
    INSERT INTO courses (tenant_id, course_code, title) VALUES (here, 'HOMEROOM', 'Homeroom') ON CONFLICT DO NOTHING;
    SELECT course_id INTO STRICT course FROM courses WHERE tenant_id = here AND course_code = 'HOMEROOM';
    INSERT INTO sections (tenant_id, course_id, section_code, starts_on, ends_on, is_homeroom)
    VALUES (
        here, course, teacher || ' ' || rollbook_year_name(year), make_date(year - 1, 7, 1), make_date(year, 6, 30), TRUE
    ) ON CONFLICT DO NOTHING;
    SELECT section_id INTO STRICT room FROM sections
    WHERE tenant_id = here AND course_id = course AND section_code = teacher || ' ' || rollbook_year_name(year);
    INSERT INTO section_staff (tenant_id, section_id, staff_id) VALUES (here, room, person) ON CONFLICT DO NOTHING;
    UPDATE course_enrollments SET withdrawn_on = NULL, known_at = now(), import_id = NULL
    WHERE tenant_id = here AND student_id = student AND section_id = room;
    IF NOT FOUND THEN
        INSERT INTO course_enrollments (tenant_id, student_id, section_id, enrolled_on)
        VALUES (here, student, room, current_date);
    END IF;
END
$$;

CREATE FUNCTION flourish.write_student() RETURNS trigger
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    here CONSTANT integer := rollbook_tenant();
    student uuid := uuidv7();
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO students (tenant_id, student_id, student_number, first_name, last_name, grade_level, created_at)
        VALUES (
            here, student, NEW.id, rollbook_first_name(NEW.name), rollbook_last_name(NEW.name), NEW.grade,
            NEW.created_at
        );
        IF NEW.teacher_id IS NOT NULL THEN
            PERFORM rollbook_place_in_homeroom(student, NEW.teacher_id);
        END IF;
        RETURN NEW;
    ELSIF TG_OP = 'DELETE' THEN
        DELETE FROM students WHERE tenant_id = here AND student_number = OLD.id;
        RETURN CASE WHEN FOUND THEN OLD END;
    END IF;
    UPDATE students SET
        student_number = NEW.id, grade_level = NEW.grade, known_at = now(), import_id = NULL,
        first_name = CASE WHEN NEW.name = OLD.name THEN first_name ELSE rollbook_first_name(NEW.name) END,
        last_name = CASE WHEN NEW.name = OLD.name THEN last_name ELSE rollbook_last_name(NEW.name) END
    WHERE tenant_id = here AND student_number = OLD.id;
    IF FOUND AND NEW.teacher_id IS DISTINCT FROM OLD.teacher_id THEN
        PERFORM rollbook_place_in_homeroom(rollbook_student(NEW.id), NEW.teacher_id);
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER write_student INSTEAD OF INSERT OR UPDATE OR DELETE ON flourish.students
FOR EACH ROW EXECUTE FUNCTION flourish.write_student();

-- What the schemas of the original systems share. All of it runs with the rights of who asks, so that row-level
-- security holds; the immutable functions are simple enough to be inlined into the views.

-- The original gave each row of these tables an id; ours are known by what they are about. The id is made from
-- that: the same row has the same id for good.
CREATE FUNCTION rollbook_attendance_id(student_id uuid, day date, period integer) RETURNS uuid
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN cast(md5(uuid_send(student_id) || int4send(day - date '2000-01-01') || int4send(period)) AS uuid);

CREATE FUNCTION rollbook_pair_id(one uuid, other uuid) RETURNS uuid
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN cast(md5(uuid_send(one) || uuid_send(other)) AS uuid);

-- A number for what the original numbered: the last 63 bits of the id.
CREATE FUNCTION rollbook_serial(id uuid) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN cast(cast('x' || replace(right(cast(id AS text), 17), '-', '') AS bit(64)) AS bigint)
& 9223372036854775807;

CREATE FUNCTION rollbook_school_year(day date) RETURNS integer
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN cast(extract(YEAR FROM day) AS integer) + cast(extract(MONTH FROM day) > 6 AS integer);

CREATE FUNCTION rollbook_year_name(school_year integer) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (school_year - 1) || '-' || school_year;

CREATE FUNCTION rollbook_tenant() RETURNS integer
LANGUAGE plpgsql STABLE SET search_path = public, pg_temp AS $$
DECLARE
    chosen integer := nullif(current_setting('rollbook.tenant', true), '');
BEGIN
    IF chosen IS NULL THEN
        RAISE EXCEPTION 'no tenant is chosen' USING ERRCODE = 'insufficient_privilege',
            HINT = 'Set rollbook.tenant to its number, for the connection or the transaction.';
    END IF;
    RETURN chosen;
END
$$;

CREATE FUNCTION rollbook_zone() RETURNS text
LANGUAGE sql STABLE SET search_path = public, pg_temp
RETURN (SELECT time_zone FROM public.tenants WHERE tenant_id = public.rollbook_tenant());

CREATE FUNCTION rollbook_student(number text) RETURNS uuid
LANGUAGE plpgsql STABLE SET search_path = public, pg_temp AS $$
DECLARE
    found_id uuid;
BEGIN
    SELECT student_id INTO found_id FROM students
    WHERE tenant_id = rollbook_tenant() AND student_number = number;
    IF found_id IS NULL THEN
        RAISE EXCEPTION 'student_id names no student whom you may see' USING ERRCODE = 'foreign_key_violation';
    END IF;
    RETURN found_id;
END
$$;

-- Refuse what a view shows but cannot take.
CREATE FUNCTION rollbook_refuse_change(subject text, before text, after text) RETURNS void
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF before IS DISTINCT FROM after THEN
        RAISE EXCEPTION '% cannot be changed', subject USING ERRCODE = 'feature_not_supported',
            HINT = 'It says which row this is. Insert another row and delete this one.';
    END IF;
END
$$;

CREATE FUNCTION rollbook_refuse() RETURNS trigger
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    RAISE EXCEPTION '%: %', TG_ARGV[0], TG_OP || ' is not possible here' USING ERRCODE = 'feature_not_supported',
        HINT = TG_ARGV[1];
END
$$;

-- Make the partition that a row of this day goes to. Loads do better to make all of theirs beforehand.
CREATE FUNCTION rollbook_ensure_month(parent text, day date) RETURNS void
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF to_regclass(parent || to_char(day, '_YYYY_MM')) IS NOT NULL THEN
        RETURN;
    END IF;
    IF day NOT BETWEEN DATE '1990-01-01' AND current_date + 366 THEN
        RAISE EXCEPTION 'no month is made for %: it is not plausible', day USING ERRCODE = 'datetime_field_overflow';
    END IF;
    BEGIN
        PERFORM rollbook_ensure_months(parent::regclass, day, day);
    EXCEPTION
        WHEN object_in_use THEN
            RAISE EXCEPTION 'a statement that reads % cannot add a month to it', parent
                USING ERRCODE = 'object_in_use', HINT = format(
                    'First, by itself: SELECT public.rollbook_ensure_months(%L, %L, %L)', parent, day, day
                );
    END;
END
$$;

-- What was stated about a student and has no column of ours; a null takes a statement back.
CREATE FUNCTION rollbook_with_stated(metadata jsonb, stated jsonb) RETURNS jsonb
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (coalesce(metadata, '{}') - 'compat')
|| CASE
    WHEN jsonb_strip_nulls(stated) = '{}' THEN '{}'
    ELSE jsonb_build_object('compat', jsonb_strip_nulls(stated))
END;

-- The section that a mark of this day belongs to: the one of the course that the student is in, or else the
-- course's for the whole school year, made with the course where there is none.
CREATE FUNCTION rollbook_section_for(student uuid, code text, name text, day date) RETURNS uuid
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    here CONSTANT integer := rollbook_tenant();
    year CONSTANT integer := rollbook_school_year(day);
    course uuid;
    chosen uuid;
BEGIN
    SELECT section_id INTO chosen
    FROM courses JOIN sections USING (tenant_id, course_id) JOIN course_enrollments AS place USING (tenant_id, section_id)
    WHERE tenant_id = here AND course_code = code AND place.student_id = student
        AND starts_on <= day AND ends_on >= make_date(year - 1, 7, 1)
    ORDER BY ends_on >= day DESC, starts_on DESC LIMIT 1;
    IF FOUND THEN
        RETURN chosen;
    END IF;
    INSERT INTO courses (tenant_id, course_code, title) VALUES (here, code, coalesce(name, code)) ON CONFLICT DO NOTHING;
    SELECT course_id INTO STRICT course FROM courses WHERE tenant_id = here AND course_code = code;
    INSERT INTO sections (tenant_id, course_id, section_code, starts_on, ends_on)
    VALUES (here, course, rollbook_year_name(year), make_date(year - 1, 7, 1), make_date(year, 6, 30))
    ON CONFLICT DO NOTHING;
    SELECT section_id INTO STRICT chosen FROM sections
    WHERE tenant_id = here AND course_id = course AND section_code = rollbook_year_name(year);
    INSERT INTO course_enrollments (tenant_id, student_id, section_id) VALUES (here, student, chosen)
    ON CONFLICT DO NOTHING;
    RETURN chosen;
END
$$;

-- The piece of work that a mark is for. One that is named is that one; of one that is not, the course has as many
-- of that kind and day as a student has marks for.
CREATE FUNCTION rollbook_assignment_for(
    student uuid, section uuid, named text, kind text, highest numeric, day date, session uuid
) RETURNS uuid
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    here CONSTANT integer := rollbook_tenant();
    known CONSTANT boolean := lower(kind) IN (
        'homework', 'quiz', 'test', 'project', 'exam', 'tutor_marked', 'computer_marked', 'classwork',
        'participation', 'other'
    );
    unnamed CONSTANT text := concat_ws(' ', coalesce(kind, 'other'), day);
    code text := coalesce(named, unnamed);
    work assignments;
    category uuid;
BEGIN
    IF NOT known THEN
        INSERT INTO assignment_categories (tenant_id, category_code, title) VALUES (here, kind, kind)
        ON CONFLICT DO NOTHING;
        SELECT category_id INTO STRICT category FROM assignment_categories
        WHERE tenant_id = here AND category_code = kind;
    END IF;
    FOR place IN 2..1000 LOOP
        INSERT INTO assignments (
            tenant_id, section_id, assignment_code, assignment_type, max_value, due_on, session_id, category_id
        ) VALUES (
            here, section, code, CASE WHEN known THEN lower(kind) ELSE 'other' END, highest, day, session, category
        ) ON CONFLICT DO NOTHING;
        SELECT * INTO STRICT work FROM assignments
        WHERE tenant_id = here AND section_id = section AND assignment_code = code;
        IF named IS NOT NULL THEN
            PERFORM rollbook_refuse_change('what an assignment is marked out of', work.max_value::text, highest::numeric(8, 2)::text);
            RETURN work.assignment_id;
        END IF;
        IF work.max_value = highest AND NOT EXISTS (
            SELECT FROM grades
            WHERE tenant_id = here AND student_id = student AND assignment_id = work.assignment_id
        ) THEN
            RETURN work.assignment_id;
        END IF;
        code := format('%s #%s', unnamed, place);
    END LOOP;
    RAISE EXCEPTION 'a student has over 1000 marks for "%" in one course', unnamed;
END
$$;

-- A term by its name in a school year, made where there is none.
CREATE FUNCTION rollbook_session_for(year integer, name text) RETURNS uuid
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    here CONSTANT integer := rollbook_tenant();
    chosen uuid;
BEGIN
    IF name IS NULL THEN
        RETURN NULL;
    END IF;
    INSERT INTO academic_sessions (tenant_id, session_code, title, session_type, starts_on, ends_on, school_year)
    SELECT here, rollbook_year_name(year) || ' ' || name, name, 'term', make_date(year - 1, 7, 1), make_date(year, 6, 30), year
    WHERE NOT EXISTS (
        SELECT FROM academic_sessions
        WHERE tenant_id = here AND school_year = year AND name IN (title, session_code)
    )
    ON CONFLICT DO NOTHING;
    SELECT session_id INTO STRICT chosen FROM academic_sessions
    WHERE tenant_id = here AND school_year = year AND name IN (title, session_code)
    ORDER BY starts_on, session_code LIMIT 1;
    RETURN chosen;
END
$$;

-- A model that was trained elsewhere: its predictions are kept, but Rollbook cannot score with it.
CREATE FUNCTION rollbook_foreign_model(version text) RETURNS void
LANGUAGE sql SET search_path = public, pg_temp AS $$
    INSERT INTO model_metadata (
        tenant_id, model_version, target, model_type, feature_set_version, trained_as_of, training_rows, metrics,
        hyperparameters, artifact, artifact_sha256
    ) VALUES (
        rollbook_tenant(), version, 'student', 'unknown', 'elsewhere', current_date, 0, '{}', '{}', '{}',
        encode(sha256('{}'), 'hex')
    ) ON CONFLICT DO NOTHING
$$;

-- One prediction a student, model and day: a later one of that day takes the place of one that nobody commented.
CREATE FUNCTION rollbook_predict(
    id uuid,
    student uuid,
    score double precision,
    category text,
    sureness double precision,
    factors jsonb,
    version text,
    predicted timestamptz
) RETURNS void
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    here CONSTANT integer := rollbook_tenant();
    model CONSTANT text := coalesce(version, 'unversioned');
    day CONSTANT date := (predicted AT TIME ZONE rollbook_zone())::date;
BEGIN
    PERFORM rollbook_foreign_model(model);
    DELETE FROM predictions AS former
    WHERE tenant_id = here AND student_id = student AND as_of = day AND model_version = model
        AND section_id IS NULL AND feature_set_version = 'elsewhere'
        AND NOT EXISTS (
            SELECT FROM training_feedback AS said
            WHERE said.tenant_id = here AND said.prediction_id = former.prediction_id
        );
    INSERT INTO predictions (
        tenant_id, prediction_id, student_id, as_of, risk_score, risk_category, confidence, rank, cohort_size,
        risk_factors, model_version, feature_set_version, predicted_at
    ) VALUES (
        here, id, student, day, score, category, sureness, 1, 1, coalesce(factors, '[]'), model, 'elsewhere', predicted
    );
END
$$;

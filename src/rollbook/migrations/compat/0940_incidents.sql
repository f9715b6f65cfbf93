-- Incidents, which both of EduPulse's schemas had as one row for each student who did something. Ours is an event
-- with participants and what was done about each; who was a victim or a witness is in no row here.

-- An incident inserted here keeps its id; those of others are made from who took part in what.
CREATE FUNCTION rollbook_participant_id(incident uuid, student uuid, source_id text) RETURNS uuid
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
    WHEN source_id = cast(incident AS text) THEN incident
    ELSE cast(md5(uuid_send(incident) || uuid_send(student)) AS uuid)
END;

CREATE FUNCTION rollbook_record_incident(
    id uuid, student uuid, day date, kind text, severity integer, described text, done text, reporter text,
    at timestamptz
) RETURNS void
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    here CONSTANT integer := rollbook_tenant();
BEGIN
    INSERT INTO discipline_incidents (
        tenant_id, incident_id, incident_on, incident_type, severity_level, description, reported_by, known_at
    ) VALUES (here, id, day, kind, severity, described, reporter, least(at, now()));
    INSERT INTO incident_participants (
        tenant_id, incident_id, student_id, participant_role, source_id, known_at
    ) VALUES (here, id, student, 'perpetrator', id, least(at, now()));
    INSERT INTO discipline_actions (tenant_id, incident_id, student_id, action_type, known_at)
    SELECT here, id, student, done, least(at, now()) WHERE done IS NOT NULL;
END
$$;

CREATE FUNCTION rollbook_change_incident(
    incident uuid,
    student uuid,
    day date,
    kind text,
    severity integer,
    described text,
    done_before text,
    done text
) RETURNS void
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    here CONSTANT integer := rollbook_tenant();
BEGIN
    UPDATE discipline_incidents SET
        incident_on = day, incident_type = kind, severity_level = severity, description = described,
        known_at = now(), import_id = NULL
    WHERE tenant_id = here AND incident_id = incident;
    IF done IS NOT DISTINCT FROM done_before THEN
        RETURN;
    END IF;
    IF (
        SELECT count(*) FROM discipline_actions
        WHERE tenant_id = here AND incident_id = incident AND student_id = student
    ) > 1 THEN
        RAISE EXCEPTION 'several actions are shown here as one' USING ERRCODE = 'feature_not_supported',
            HINT = 'Change them in public.discipline_actions.';
    END IF;
    DELETE FROM discipline_actions
    WHERE tenant_id = here AND incident_id = incident AND student_id = student AND done IS NULL;
    UPDATE discipline_actions SET action_type = done, known_at = now(), import_id = NULL
    WHERE tenant_id = here AND incident_id = incident AND student_id = student;
    INSERT INTO discipline_actions (tenant_id, incident_id, student_id, action_type)
    SELECT here, incident, student, done WHERE done IS NOT NULL AND done_before IS NULL;
END
$$;

-- Take the student out of the incident, and with the last participant the incident. One statement: whoever sees
-- it through this student only would no longer see it in the next.
CREATE FUNCTION rollbook_drop_participant(incident uuid, student uuid) RETURNS void
LANGUAGE sql SET search_path = public, pg_temp AS $$
    WITH actions AS (
        DELETE FROM discipline_actions
        WHERE tenant_id = rollbook_tenant() AND incident_id = incident AND student_id = student
    ),
    participants AS (
        DELETE FROM incident_participants
        WHERE tenant_id = rollbook_tenant() AND incident_id = incident AND student_id = student
    )
    DELETE FROM discipline_incidents
    WHERE tenant_id = rollbook_tenant() AND incident_id = incident AND NOT EXISTS (
        SELECT FROM incident_participants AS other
        WHERE other.tenant_id = rollbook_tenant() AND other.incident_id = incident AND other.student_id <> student
    )
$$;

CREATE VIEW edupulse.discipline_incidents WITH (security_invoker = TRUE) AS
SELECT
    public.rollbook_participant_id(part.incident_id, part.student_id, part.source_id) AS id,
    part.student_id,
    event.incident_on AS incident_date,
    cast(event.severity_level AS integer) AS severity_level,
    cast(event.incident_type AS varchar) AS incident_type,
    event.description,
    (
        SELECT cast(string_agg(done.action_type, ', ' ORDER BY done.starts_on, done.action_type) AS varchar)
        FROM public.discipline_actions AS done
        WHERE
            done.tenant_id = part.tenant_id
            AND done.incident_id = part.incident_id
            AND done.student_id = part.student_id
    ) AS resolution,
    event.known_at AS created_at
FROM public.incident_participants AS part
INNER JOIN
    public.discipline_incidents AS event
    ON part.tenant_id = event.tenant_id AND part.incident_id = event.incident_id
WHERE part.participant_role = 'perpetrator';

ALTER VIEW edupulse.discipline_incidents ALTER COLUMN id SET DEFAULT uuidv7();
ALTER VIEW edupulse.discipline_incidents ALTER COLUMN created_at SET DEFAULT now();

CREATE FUNCTION edupulse.write_discipline_incident() RETURNS trigger
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    incident uuid;
BEGIN
    IF TG_OP = 'INSERT' THEN
        PERFORM rollbook_record_incident(
            NEW.id, NEW.student_id, NEW.incident_date, NEW.incident_type, NEW.severity_level, NEW.description,
            NEW.resolution, NULL, NEW.created_at
        );
        RETURN NEW;
    END IF;
    SELECT incident_id INTO STRICT incident FROM incident_participants
    WHERE tenant_id = rollbook_tenant() AND student_id = OLD.student_id
        AND rollbook_participant_id(incident_id, student_id, source_id) = OLD.id;
    IF TG_OP = 'DELETE' THEN
        PERFORM rollbook_drop_participant(incident, OLD.student_id);
        RETURN OLD;
    END IF;
    PERFORM rollbook_refuse_change(
        'discipline_incidents.id and student_id',
        concat_ws(' ', OLD.id, OLD.student_id), concat_ws(' ', NEW.id, NEW.student_id)
    );
    PERFORM rollbook_change_incident(
        incident, OLD.student_id, NEW.incident_date, NEW.incident_type, NEW.severity_level, NEW.description,
        OLD.resolution, NEW.resolution
    );
    RETURN NEW;
END
$$;
CREATE TRIGGER write_discipline_incident
INSTEAD OF INSERT OR UPDATE OR DELETE ON edupulse.discipline_incidents
FOR EACH ROW EXECUTE FUNCTION edupulse.write_discipline_incident();

CREATE VIEW edupulse_v1.discipline_incidents WITH (security_invoker = TRUE) AS
SELECT
    public.rollbook_serial(
        public.rollbook_participant_id(part.incident_id, part.student_id, part.source_id)
    ) AS id,
    cast(student.student_number AS varchar) AS student_id,
    event.incident_on AS incident_date,
    cast(event.incident_type AS varchar) AS incident_type,
    cast(event.severity_level AS integer) AS severity_level,
    event.description,
    (
        SELECT cast(string_agg(done.action_type, ', ' ORDER BY done.starts_on, done.action_type) AS varchar)
        FROM public.discipline_actions AS done
        WHERE
            done.tenant_id = part.tenant_id
            AND done.incident_id = part.incident_id
            AND done.student_id = part.student_id
    ) AS action_taken,
    cast(
        coalesce(
            event.reported_by,
            (
                SELECT person.first_name || ' ' || person.last_name
                FROM public.staff AS person
                WHERE person.tenant_id = event.tenant_id AND person.staff_id = event.reported_by_staff_id
            )
        ) AS varchar
    ) AS reported_by,
    cast(event.known_at AS timestamp) AS created_at
FROM public.incident_participants AS part
INNER JOIN
    public.discipline_incidents AS event
    ON part.tenant_id = event.tenant_id AND part.incident_id = event.incident_id
INNER JOIN
    public.students AS student
    ON part.tenant_id = student.tenant_id AND part.student_id = student.student_id
WHERE part.participant_role = 'perpetrator';

ALTER VIEW edupulse_v1.discipline_incidents ALTER COLUMN created_at SET DEFAULT current_timestamp;

CREATE FUNCTION edupulse_v1.write_discipline_incident() RETURNS trigger
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    incident uuid := uuidv7();
    student CONSTANT uuid := rollbook_student(CASE TG_OP WHEN 'INSERT' THEN NEW.student_id ELSE OLD.student_id END);
BEGIN
    IF TG_OP = 'INSERT' THEN
        PERFORM rollbook_record_incident(
            incident, student, NEW.incident_date, NEW.incident_type, NEW.severity_level, NEW.description,
            NEW.action_taken, NEW.reported_by, NEW.created_at::timestamptz
        );
        NEW.id := rollbook_serial(incident);
        RETURN NEW;
    END IF;
    SELECT incident_id INTO STRICT incident FROM incident_participants
    WHERE tenant_id = rollbook_tenant() AND student_id = student
        AND rollbook_serial(rollbook_participant_id(incident_id, student_id, source_id)) = OLD.id;
    IF TG_OP = 'DELETE' THEN
        PERFORM rollbook_drop_participant(incident, student);
        RETURN OLD;
    END IF;
    PERFORM rollbook_refuse_change(
        'discipline_incidents.id, student_id and reported_by',
        concat_ws(' ', OLD.id, OLD.student_id, OLD.reported_by),
        concat_ws(' ', NEW.id, NEW.student_id, NEW.reported_by)
    );
    PERFORM rollbook_change_incident(
        incident, student, NEW.incident_date, NEW.incident_type, NEW.severity_level, NEW.description,
        OLD.action_taken, NEW.action_taken
    );
    RETURN NEW;
END
$$;
CREATE TRIGGER write_discipline_incident
INSTEAD OF INSERT OR UPDATE OR DELETE ON edupulse_v1.discipline_incidents
FOR EACH ROW EXECUTE FUNCTION edupulse_v1.write_discipline_incident();

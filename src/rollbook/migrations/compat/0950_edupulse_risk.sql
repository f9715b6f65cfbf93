-- EduPulse's tables of models, predictions and feedback.

CREATE VIEW edupulse.student_features WITH (security_invoker = TRUE) AS
SELECT DISTINCT ON (student_id, feature_date)
    student_id,
    feature_date,
    cast(attendance_rate AS real) AS attendance_rate,
    cast(gpa_current AS real) AS gpa_current,
    discipline_incidents,
    feature_vector,
    created_at
FROM public.student_features
ORDER BY
    student_id ASC, feature_date ASC, section_id ASC NULLS FIRST, feature_set_version = 'elsewhere' DESC,
    created_at DESC, feature_set_version ASC;

ALTER VIEW edupulse.student_features ALTER COLUMN discipline_incidents SET DEFAULT 0;
ALTER VIEW edupulse.student_features ALTER COLUMN created_at SET DEFAULT now();

CREATE FUNCTION edupulse.write_student_features() RETURNS trigger
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    here CONSTANT integer := rollbook_tenant();
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO student_features (
            tenant_id, student_id, feature_date, feature_set_version, attendance_rate, gpa_current,
            discipline_incidents, feature_vector, created_at
        ) VALUES (
            here, NEW.student_id, NEW.feature_date, 'elsewhere', NEW.attendance_rate, NEW.gpa_current,
            NEW.discipline_incidents, coalesce(NEW.feature_vector, '{}'), NEW.created_at
        );
        RETURN NEW;
    ELSIF TG_OP = 'DELETE' THEN
        DELETE FROM student_features
        WHERE tenant_id = here AND student_id = OLD.student_id AND feature_date = OLD.feature_date
            AND section_id IS NULL AND feature_set_version = 'elsewhere';
    ELSE
        PERFORM rollbook_refuse_change(
            'student_features.student_id and feature_date',
            concat_ws(' ', OLD.student_id, OLD.feature_date), concat_ws(' ', NEW.student_id, NEW.feature_date)
        );
        UPDATE student_features SET
            attendance_rate = NEW.attendance_rate, gpa_current = NEW.gpa_current,
            discipline_incidents = NEW.discipline_incidents, feature_vector = coalesce(NEW.feature_vector, '{}')
        WHERE tenant_id = here AND student_id = OLD.student_id AND feature_date = OLD.feature_date
            AND section_id IS NULL AND feature_set_version = 'elsewhere';
    END IF;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'these features are Rollbook''s own: they are computed' USING ERRCODE = 'feature_not_supported',
            HINT = 'Insert your own for that date; they are shown in place of the computed ones.';
    END IF;
    RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END
$$;
CREATE TRIGGER write_student_features INSTEAD OF INSERT OR UPDATE OR DELETE ON edupulse.student_features
FOR EACH ROW EXECUTE FUNCTION edupulse.write_student_features();

-- Ours is about a day: it was made on it, or later with what was known by its close. The rank keeps apart, by
-- microseconds, what one list says of one student in several courses; the most urgent is the latest.
CREATE VIEW edupulse.predictions WITH (security_invoker = TRUE) AS
SELECT
    prediction_id AS id,
    student_id,
    least(
        predicted_at + interval '1 microsecond',
        cast(as_of + 1 AS timestamp) AT TIME ZONE (SELECT public.rollbook_zone())
    ) - rank * interval '1 microsecond' AS prediction_date,
    cast(risk_score AS real) AS risk_score,
    risk_category,
    cast(confidence AS real) AS confidence,
    risk_factors,
    cast(nullif(model_version, 'unversioned') AS varchar) AS model_version,
    predicted_at AS created_at
FROM public.predictions;

ALTER VIEW edupulse.predictions ALTER COLUMN id SET DEFAULT uuidv7();
ALTER VIEW edupulse.predictions ALTER COLUMN prediction_date SET DEFAULT now();
ALTER VIEW edupulse.predictions ALTER COLUMN risk_factors SET DEFAULT '[]';
ALTER VIEW edupulse.predictions ALTER COLUMN created_at SET DEFAULT now();

CREATE FUNCTION edupulse.write_prediction() RETURNS trigger
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    here CONSTANT integer := rollbook_tenant();
BEGIN
    IF TG_OP = 'INSERT' THEN
        PERFORM rollbook_predict(
            NEW.id, NEW.student_id, NEW.risk_score, NEW.risk_category, NEW.confidence, NEW.risk_factors,
            NEW.model_version, NEW.prediction_date
        );
        RETURN NEW;
    ELSIF TG_OP = 'DELETE' THEN
        DELETE FROM predictions WHERE tenant_id = here AND prediction_id = OLD.id;
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
    WHERE tenant_id = here AND prediction_id = OLD.id AND feature_set_version = 'elsewhere';
    IF NOT FOUND THEN
        RAISE EXCEPTION 'this prediction is Rollbook''s own' USING ERRCODE = 'feature_not_supported',
            HINT = 'Insert one of your own model; feedback goes to training_feedback.';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER write_prediction INSTEAD OF INSERT OR UPDATE OR DELETE ON edupulse.predictions
FOR EACH ROW EXECUTE FUNCTION edupulse.write_prediction();

CREATE VIEW edupulse.training_feedback WITH (security_invoker = TRUE) AS
SELECT
    feedback_id AS id,
    prediction_id,
    outcome_on AS outcome_date,
    cast(outcome_type AS varchar) AS outcome_type,
    feedback_type,
    educator_notes,
    created_at
FROM public.training_feedback;

ALTER VIEW edupulse.training_feedback ALTER COLUMN id SET DEFAULT uuidv7();
ALTER VIEW edupulse.training_feedback ALTER COLUMN created_at SET DEFAULT now();

CREATE FUNCTION edupulse.write_training_feedback() RETURNS trigger
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    here CONSTANT integer := rollbook_tenant();
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO training_feedback (
            tenant_id, feedback_id, prediction_id, student_id, feedback_type, outcome_on, outcome_type,
            educator_notes, created_at
        )
        SELECT
            here, NEW.id, prediction_id, student_id, NEW.feedback_type, NEW.outcome_date, NEW.outcome_type,
            NEW.educator_notes, NEW.created_at
        FROM predictions WHERE tenant_id = here AND prediction_id = NEW.prediction_id;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'prediction_id names no prediction that you may see' USING ERRCODE = 'foreign_key_violation';
        END IF;
        RETURN NEW;
    END IF;
    PERFORM rollbook_refuse_change(
        'training_feedback.id and prediction_id',
        concat_ws(' ', OLD.id, OLD.prediction_id), concat_ws(' ', NEW.id, NEW.prediction_id)
    );
    UPDATE training_feedback SET
        feedback_type = NEW.feedback_type, outcome_on = NEW.outcome_date, outcome_type = NEW.outcome_type,
        educator_notes = NEW.educator_notes
    WHERE tenant_id = here AND feedback_id = OLD.id;
    RETURN CASE WHEN FOUND THEN NEW END;
END
$$;
CREATE TRIGGER write_training_feedback INSTEAD OF INSERT OR UPDATE ON edupulse.training_feedback
FOR EACH ROW EXECUTE FUNCTION edupulse.write_training_feedback();
CREATE TRIGGER keep_training_feedback INSTEAD OF DELETE ON edupulse.training_feedback
FOR EACH ROW EXECUTE FUNCTION public.rollbook_refuse(
    'training_feedback', 'What an educator said is kept: change the row instead.'
);

CREATE VIEW edupulse.model_metadata WITH (security_invoker = TRUE) AS
SELECT
    cast(md5(model_version) AS uuid) AS id,
    cast(model_version AS varchar) AS model_version,
    cast(nullif(model_type, 'unknown') AS varchar) AS model_type,
    created_at AS training_date,
    metrics AS performance_metrics,
    hyperparameters,
    is_active,
    created_at
FROM public.model_metadata
WHERE model_version <> 'unversioned';

ALTER VIEW edupulse.model_metadata ALTER COLUMN training_date SET DEFAULT now();
ALTER VIEW edupulse.model_metadata ALTER COLUMN performance_metrics SET DEFAULT '{}';
ALTER VIEW edupulse.model_metadata ALTER COLUMN hyperparameters SET DEFAULT '{}';
ALTER VIEW edupulse.model_metadata ALTER COLUMN is_active SET DEFAULT FALSE;

CREATE FUNCTION edupulse.write_model_metadata() RETURNS trigger
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    here CONSTANT integer := rollbook_tenant();
    trained_elsewhere boolean;
BEGIN
    SELECT feature_set_version = 'elsewhere' INTO trained_elsewhere FROM model_metadata
    WHERE tenant_id = here AND model_version = NEW.model_version;
    IF TG_OP = 'INSERT' AND trained_elsewhere AND NOT EXISTS (
        SELECT FROM model_metadata
        WHERE tenant_id = here AND model_version = NEW.model_version AND model_type <> 'unknown'
    ) THEN
        NULL; -- a prediction named it before: here is what it is
    ELSIF TG_OP = 'INSERT' AND trained_elsewhere IS NOT NULL THEN
        RAISE EXCEPTION 'there is a model of this version already' USING ERRCODE = 'unique_violation';
    ELSIF TG_OP = 'UPDATE' THEN
        PERFORM rollbook_refuse_change('model_metadata.model_version', OLD.model_version, NEW.model_version);
        IF NOT trained_elsewhere THEN
            RAISE EXCEPTION 'this model is Rollbook''s own' USING ERRCODE = 'feature_not_supported',
                HINT = '`rollbook risk train` makes another and puts it to use.';
        END IF;
    END IF;
    PERFORM rollbook_foreign_model(NEW.model_version);
    IF NEW.is_active THEN
        UPDATE model_metadata SET is_active = FALSE
        WHERE tenant_id = here AND target = 'student' AND is_active AND model_version <> NEW.model_version;
    END IF;
    UPDATE model_metadata SET
        model_type = coalesce(NEW.model_type, 'unknown'), created_at = NEW.training_date,
        trained_as_of = NEW.training_date::date, metrics = coalesce(NEW.performance_metrics, '{}'),
        hyperparameters = coalesce(NEW.hyperparameters, '{}'), is_active = coalesce(NEW.is_active, FALSE)
    WHERE tenant_id = here AND model_version = NEW.model_version;
    NEW.id := cast(md5(NEW.model_version) AS uuid);
    NEW.created_at := NEW.training_date;
    RETURN NEW;
END
$$;
CREATE TRIGGER write_model_metadata INSTEAD OF INSERT OR UPDATE ON edupulse.model_metadata
FOR EACH ROW EXECUTE FUNCTION edupulse.write_model_metadata();
CREATE TRIGGER keep_model_metadata INSTEAD OF DELETE ON edupulse.model_metadata
FOR EACH ROW EXECUTE FUNCTION public.rollbook_refuse(
    'model_metadata', 'A model that has predictions is kept: set is_active to false.'
);

-- name: students_named
-- The students of ours whom rejected lines of an import name, by number, by e-mail or by what sources call them.
-- params   tenant_id int, import_id int, names_a_person text (what a field that names somebody is called)
-- returns  student_id uuid
WITH called AS (
    SELECT
        student_id,
        student_number AS name
    FROM students
    WHERE tenant_id = :tenant_id
    UNION
    SELECT
        student_id,
        email
    FROM students
    WHERE tenant_id = :tenant_id AND email IS NOT NULL
    UNION
    SELECT
        entity_id,
        source_id
    FROM source_records
    WHERE tenant_id = :tenant_id AND entity_type = 'students' AND entity_id IS NOT NULL
)

SELECT DISTINCT called.student_id
FROM intake_rejects AS rejects
CROSS JOIN LATERAL jsonb_each_text(rejects.fields) AS field (name, said)
INNER JOIN called ON field.said = called.name
WHERE
    rejects.tenant_id = :tenant_id
    AND rejects.import_id = :import_id
    AND field.name ~* :names_a_person;

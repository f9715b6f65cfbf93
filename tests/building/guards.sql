-- What must hold of every table, view, function and role. Each query returns one text per fault, so none
-- where all is well; test_schema.py runs them on the migrated database, and on one with a fault planted.

-- name: rows_are_walled
-- Every table and partition enables and forces row-level security: its owner sees no more than anybody.
-- returns  fault text
SELECT tables.name || ' does not force row-level security' AS fault
FROM our_tables AS tables
INNER JOIN pg_class ON tables.oid = pg_class.oid
WHERE NOT (pg_class.relrowsecurity AND pg_class.relforcerowsecurity);

-- name: policies_name_the_tenant
-- Every table that is no partition has policies, and none that serves the app is open: each compares with a
-- setting of the transaction.
-- returns  fault text
SELECT tables.name || ' has no policy' AS fault
FROM our_tables AS tables
LEFT JOIN pg_policy ON tables.oid = pg_policy.polrelid
WHERE NOT tables.is_partition AND pg_policy.oid IS NULL
UNION ALL
SELECT tables.name || ': policy ' || pg_policy.polname || ' lets the app see everything' AS fault
FROM our_tables AS tables
INNER JOIN pg_policy ON tables.oid = pg_policy.polrelid
WHERE
    pg_get_expr(pg_policy.polqual, pg_policy.polrelid) NOT LIKE '%current_setting(''rollbook.%'
    AND (0 = ANY(pg_policy.polroles) OR to_regrole('rollbook_app') = ANY(pg_policy.polroles));

-- name: student_rows_are_walled
-- Where a row is about a student, a policy asks who may see that student. A user's own rows are no student's.
-- returns  fault text
SELECT tables.name || ' has student_id, but no policy asks for it' AS fault
FROM our_tables AS tables
INNER JOIN pg_attribute ON tables.oid = pg_attribute.attrelid AND pg_attribute.attname = 'student_id'
WHERE
    NOT tables.is_partition
    AND NOT EXISTS (
        SELECT 1 FROM pg_policy
        WHERE
            pg_policy.polrelid = tables.oid
            AND pg_get_expr(
                pg_policy.polqual, pg_policy.polrelid
            ) LIKE '%student_id IN ( SELECT unnest(%rollbook.students%'
            AND pg_get_expr(
                pg_policy.polwithcheck, pg_policy.polrelid
            ) LIKE '%student_id IN ( SELECT unnest(%'
    );

-- name: scope_is_read_once
-- A policy reads what may be seen as a subquery, once a statement: asked per row it costs as much as the row.
-- returns  fault text
SELECT tables.name || ': policy ' || pg_policy.polname || ' reads rollbook.scope for each row' AS fault
FROM our_tables AS tables
INNER JOIN pg_policy ON tables.oid = pg_policy.polrelid
CROSS JOIN
    LATERAL (
        VALUES
        (pg_get_expr(pg_policy.polqual, pg_policy.polrelid)),
        (pg_get_expr(pg_policy.polwithcheck, pg_policy.polrelid))
    ) AS rules (rule)
WHERE replace(rules.rule, 'SELECT current_setting(''rollbook.scope''', '') LIKE '%(''rollbook.scope''%';

-- name: partitions_are_not_granted
-- Nobody but the owner may reach a partition directly: the parent's policies would not apply.
-- returns  fault text
SELECT tables.name || ' is a partition, granted to ' || coalesce(pg_roles.rolname, 'public') AS fault
FROM our_tables AS tables
INNER JOIN pg_class ON tables.oid = pg_class.oid
CROSS JOIN aclexplode(pg_class.relacl) AS acl
LEFT JOIN pg_roles ON acl.grantee = pg_roles.oid
WHERE tables.is_partition AND acl.grantee <> pg_class.relowner;

-- name: nothing_is_public
-- Tables are granted to roles by name, and TRUNCATE, which heeds no policy, to nobody.
-- returns  fault text
SELECT
    tables.name
    || ': '
    || acl.privilege_type
    || ' is granted to '
    || coalesce(pg_roles.rolname, 'public') AS fault
FROM our_tables AS tables
INNER JOIN pg_class ON tables.oid = pg_class.oid
CROSS JOIN aclexplode(pg_class.relacl) AS acl
LEFT JOIN pg_roles ON acl.grantee = pg_roles.oid
WHERE acl.grantee = 0 OR (acl.privilege_type = 'TRUNCATE' AND acl.grantee <> pg_class.relowner);

-- name: tenant_leads_keys
-- tenant_id is the first column of every primary key, unique constraint and unique index. The list of tenants
-- itself is known by slug.
-- returns  fault text
SELECT tables.name || ': ' || indexes.indexrelid::regclass || ' does not begin with tenant_id' AS fault
FROM our_tables AS tables
INNER JOIN pg_index AS indexes ON tables.oid = indexes.indrelid AND indexes.indisunique
LEFT JOIN pg_attribute AS lead ON tables.oid = lead.attrelid AND indexes.indkey[0] = lead.attnum
WHERE lead.attname IS DISTINCT FROM 'tenant_id' AND NOT (tables.name = 'tenants' AND lead.attname = 'slug')
UNION ALL
SELECT tables.name || ' has no primary key' AS fault
FROM our_tables AS tables
LEFT JOIN pg_index AS indexes ON tables.oid = indexes.indrelid AND indexes.indisprimary
WHERE indexes.indexrelid IS NULL;

-- name: tenant_leads_references
-- No reference leaves the tenant: tenant_id leads both sides of every foreign key.
-- returns  fault text
SELECT tables.name || ': ' || keys.conname || ' does not compare tenant_id first' AS fault
FROM our_tables AS tables
INNER JOIN pg_constraint AS keys ON tables.oid = keys.conrelid AND keys.contype = 'f'
INNER JOIN pg_attribute AS here ON keys.conrelid = here.attrelid AND keys.conkey[1] = here.attnum
INNER JOIN pg_attribute AS there ON keys.confrelid = there.attrelid AND keys.confkey[1] = there.attnum
WHERE here.attname <> 'tenant_id' OR there.attname <> 'tenant_id';

-- name: no_cascading_deletes
-- A student's record is closed, not swept away with something else.
-- returns  fault text
SELECT tables.name || ': ' || keys.conname || ' deletes or changes rows by itself' AS fault
FROM our_tables AS tables
INNER JOIN pg_constraint AS keys ON tables.oid = keys.conrelid AND keys.contype = 'f'
WHERE keys.confdeltype <> 'a' OR keys.confupdtype <> 'a';

-- name: partitions_have_bounds
-- No DEFAULT partition: it forbids detaching a month concurrently.
-- returns  fault text
SELECT tables.name || ' is a DEFAULT partition' AS fault
FROM our_tables AS tables
INNER JOIN pg_class ON tables.oid = pg_class.oid
WHERE tables.is_partition AND pg_get_expr(pg_class.relpartbound, pg_class.oid) = 'DEFAULT';

-- name: history_is_kept
-- A table with a history has known_at, the same columns as its history, and both triggers that fill it.
-- returns  fault text
WITH histories AS (
    SELECT
        history.oid AS history_oid,
        current.oid,
        current.name
    FROM our_tables AS history
    LEFT JOIN our_tables AS current ON history.name = current.name || '_history'
    WHERE history.name LIKE '%\_history'
)

SELECT histories.name || ' does not fill its history: ' || triggers.name || ' is missing' AS fault
FROM histories
CROSS JOIN (VALUES ('keep_updated'), ('keep_deleted')) AS triggers (name)
LEFT JOIN pg_trigger
    ON histories.oid = pg_trigger.tgrelid AND triggers.name = pg_trigger.tgname AND pg_trigger.tgenabled = 'O'
WHERE pg_trigger.oid IS NULL
UNION ALL
SELECT histories.name || '.' || mine.attname || ' is not in its history with the same type' AS fault
FROM histories
INNER JOIN pg_attribute AS mine ON histories.oid = mine.attrelid AND mine.attnum > 0 AND NOT mine.attisdropped
LEFT JOIN pg_attribute AS kept ON histories.history_oid = kept.attrelid AND mine.attname = kept.attname
LEFT JOIN pg_type ON kept.atttypid = pg_type.oid
WHERE kept.attname IS NULL OR (mine.atttypid <> kept.atttypid AND pg_type.typname <> 'text')
UNION ALL
SELECT histories.name || ' has a history but no known_at' AS fault
FROM histories
LEFT JOIN pg_attribute ON histories.oid = pg_attribute.attrelid AND pg_attribute.attname = 'known_at'
WHERE pg_attribute.attname IS NULL;

-- name: views_are_seen_through
-- A view looks with the rights of who asks; a materialized view would keep what row-level security hides.
-- returns  fault text
SELECT relations.oid::regclass || ' is not security_invoker' AS fault
FROM our_relations AS relations
INNER JOIN pg_class ON relations.oid = pg_class.oid
WHERE
    pg_class.relkind IN ('v', 'm')
    AND NOT coalesce(pg_class.reloptions && ARRAY['security_invoker=true', 'security_invoker=on'], FALSE);

-- name: definers_pin_their_path
-- A function that runs with its owner's rights pins search_path, and is not for everybody to call, nor to hang as
-- a trigger on a table of their own. A trigger's function pins it too: it must find our tables, whatever path the
-- statement was written for.
-- returns  fault text
SELECT functions.oid::regprocedure || ' runs on the path of its caller' AS fault
FROM our_functions AS functions
WHERE
    (functions.is_definer OR functions.is_trigger)
    AND NOT EXISTS (SELECT 1 FROM unnest(functions.proconfig) AS setting WHERE setting LIKE 'search\_path=%')
UNION ALL
SELECT functions.oid::regprocedure || ' runs as its owner and anybody may call it' AS fault
FROM our_functions AS functions
WHERE
    functions.is_definer
    AND EXISTS (
        SELECT 1
        FROM aclexplode(coalesce(functions.proacl, acldefault('f', functions.proowner))) AS acl
        WHERE acl.grantee = 0
    );

-- name: compat_stays_in_its_schemas
-- A schema beside public shows our tables by views only: no second copy of a row, and nothing that runs as its
-- owner. It has no policy of its own to forget.
-- returns  fault text
SELECT relations.oid::regclass || ' is a table outside public' AS fault
FROM our_relations AS relations
INNER JOIN pg_class ON relations.oid = pg_class.oid
WHERE relations.kind <> 'v' AND pg_class.relnamespace <> 'public'::regnamespace
UNION ALL
SELECT functions.oid::regprocedure || ' runs as its owner outside public' AS fault
FROM our_functions AS functions
INNER JOIN pg_proc ON functions.oid = pg_proc.oid
WHERE functions.is_definer AND pg_proc.pronamespace <> 'public'::regnamespace;

-- name: roles_are_plain
-- The app's role owns nothing and has no power of its own; neither role passes by row-level security.
-- returns  fault text
SELECT rolname || ' is too powerful' AS fault
FROM pg_roles
WHERE
    rolname IN ('rollbook_app', 'rollbook_owner')
    AND (rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb OR rolreplication)
UNION ALL
SELECT 'rollbook_app is a member of ' || roleid::regrole AS fault
FROM pg_auth_members
WHERE member = 'rollbook_app'::regrole
UNION ALL
SELECT 'rollbook_app owns ' || pg_describe_object(classid, objid, objsubid) AS fault
FROM pg_shdepend
WHERE
    refobjid = 'rollbook_app'::regrole
    AND deptype = 'o'
    AND dbid IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()));

-- name: writes_are_audited
-- Every table is audited by three triggers that name its key, but for histories (their table is), the audit itself,
-- staging (rejected lines wait in it; loads of attendance note themselves), tries to sign in, which are of no
-- tenant and swept away, and what is derived and counted anew.
-- returns  fault text
WITH audited AS (
    SELECT
        oid,
        name
    FROM our_tables
    WHERE
        NOT is_partition
        AND name NOT LIKE '%\_history'
        AND name <> ALL(ARRAY['audit_writes', 'disclosures', 'audit_seals'])
        AND name <> ALL(ARRAY['intake_rejects', 'attendance_loads', 'sign_in_tries'])
        AND name <> ALL(ARRAY['attendance_weeks', 'attendance_stale_weeks', 'attendance_week_sums'])
        AND name <> ALL(ARRAY['attendance_totals', 'attendance_total_windows'])
)

SELECT audited.name || ' is not audited: ' || triggers.name || ' is missing' AS fault
FROM audited
CROSS JOIN (
    VALUES ('audit_inserted', 4), ('audit_deleted', 8), ('audit_updated', 16)
) AS triggers (name, event)
LEFT JOIN pg_trigger
    ON
        audited.oid = pg_trigger.tgrelid
        AND triggers.name = pg_trigger.tgname
        AND pg_trigger.tgenabled IN ('O', 'A')
        AND triggers.event = pg_trigger.tgtype
        AND pg_trigger.tgfoid = 'rollbook_audit'::regproc
        AND pg_trigger.tgqual IS NULL
WHERE pg_trigger.oid IS NULL
UNION ALL
SELECT audited.name || ': ' || pg_trigger.tgname || ' does not name the primary key' AS fault
FROM audited
INNER JOIN pg_trigger ON audited.oid = pg_trigger.tgrelid AND pg_trigger.tgname LIKE 'audit\_%'
WHERE
    encode(pg_trigger.tgargs, 'escape') IS DISTINCT FROM (
        SELECT string_agg(pg_attribute.attname || '\000', '' ORDER BY keys.place)
        FROM pg_index
        CROSS JOIN unnest(pg_index.indkey::int2[]) WITH ORDINALITY AS keys (attnum, place)
        INNER JOIN pg_attribute
            ON pg_index.indrelid = pg_attribute.attrelid AND keys.attnum = pg_attribute.attnum
        WHERE pg_index.indrelid = audited.oid AND pg_index.indisprimary
    );

-- name: secrets_stay_out_of_the_audit
-- What looks like a secret by its name is one for the audit: its value is not copied there.
-- returns  fault text
SELECT tables.name || '.' || pg_attribute.attname || ' would be copied into the audit' AS fault
FROM our_tables AS tables
INNER JOIN pg_attribute ON tables.oid = pg_attribute.attrelid AND pg_attribute.attnum > 0
WHERE
    NOT tables.is_partition
    AND pg_attribute.attname ~* '(passw|secret|token|totp|hash|private|credential|recovery)'
    AND tables.name <> 'audit_seals'
    AND NOT rollbook_is_secret(pg_attribute.attname);

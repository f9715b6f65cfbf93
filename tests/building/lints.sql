-- Further guards, in the spirit of what hosted PostgreSQL lints for: each query returns one text per fault. What
-- guards.sql has (row-level security, policies, keys, views, definers, partitions) is not said again.

-- name: schemas_are_closed
-- Nobody but those we know may even look into our schemas, and only the owner makes anything in them.
-- returns  fault text
SELECT
    pg_namespace.nspname || ': ' || acl.privilege_type || ' is granted to '
    || coalesce(pg_roles.rolname, 'public') AS fault
FROM pg_namespace
CROSS JOIN aclexplode(pg_namespace.nspacl) AS acl
LEFT JOIN pg_roles ON acl.grantee = pg_roles.oid
WHERE
    pg_namespace.nspname !~ '^pg_|^information_schema$'
    AND acl.grantee <> pg_namespace.nspowner
    AND (
        acl.privilege_type <> 'USAGE'
        OR coalesce(pg_roles.rolname, 'public') <> ALL(ARRAY['rollbook_app', 'rollbook_bi'])
    );

-- name: defaults_grant_nothing
-- What is made tomorrow is granted by the migration that makes it, by name.
-- returns  fault text
SELECT
    'by default, ' || acl.privilege_type || ' is granted to '
    || coalesce(pg_roles.rolname, 'public') AS fault
FROM pg_default_acl
CROSS JOIN aclexplode(pg_default_acl.defaclacl) AS acl
LEFT JOIN pg_roles ON acl.grantee = pg_roles.oid
WHERE acl.grantee <> pg_default_acl.defaclrole;

-- name: others_only_read
-- Roles but the app's and the owner's read, and nothing else; of sequences nobody has anything.
-- returns  fault text
SELECT
    pg_class.relname || ': ' || acl.privilege_type || ' is granted to '
    || coalesce(pg_roles.rolname, 'public') AS fault
FROM pg_class
CROSS JOIN aclexplode(pg_class.relacl) AS acl
LEFT JOIN pg_roles ON acl.grantee = pg_roles.oid
WHERE
    pg_class.relnamespace = 'public'::regnamespace
    AND acl.grantee <> pg_class.relowner
    AND NOT EXISTS (SELECT 1 FROM pg_depend WHERE pg_depend.objid = pg_class.oid AND pg_depend.deptype = 'e')
    AND (
        pg_class.relkind = 'S'
        OR (coalesce(pg_roles.rolname, 'public') <> 'rollbook_app' AND acl.privilege_type <> 'SELECT')
    );

-- name: secrets_are_not_shown
-- Roles but the app's and the owner's read no column that holds a secret, nor how a student or guardian is reached.
-- returns  fault text
SELECT tables.name || '.' || pg_attribute.attname || ' is shown to ' || pg_roles.rolname AS fault
FROM our_tables AS tables
INNER JOIN pg_attribute
    ON tables.oid = pg_attribute.attrelid AND pg_attribute.attnum > 0 AND NOT pg_attribute.attisdropped
CROSS JOIN pg_roles
WHERE
    pg_roles.rolname !~ '^pg_'
    AND NOT pg_roles.rolsuper
    AND pg_roles.rolname <> ALL(ARRAY['rollbook_app', 'rollbook_owner'])
    AND (
        pg_attribute.attname ~* '(passw|secret|token|totp|hash|credential|recovery|ciphertext)'
        OR (
            tables.name ~ '^(students|guardians)(_history)?$'
            AND pg_attribute.attname ~* '(email|phone|address|metadata)'
        )
    )
    AND has_column_privilege(pg_roles.oid, tables.oid, pg_attribute.attnum, 'SELECT');

-- name: who_types_sql_is_walled_by_name
-- Where a role but the app's and the owner's may read, the policies that serve it ask who it is: it could make any
-- setting itself.
-- returns  fault text
SELECT DISTINCT
    tables.name || ': policy ' || pg_policy.polname || ' goes by a setting, and serves '
    || pg_roles.rolname AS fault
FROM our_tables AS tables
INNER JOIN pg_policy ON tables.oid = pg_policy.polrelid
CROSS JOIN pg_roles
WHERE
    pg_roles.rolname !~ '^pg_'
    AND NOT pg_roles.rolsuper
    AND pg_roles.rolname <> ALL(ARRAY['rollbook_app', 'rollbook_owner'])
    AND has_any_column_privilege(pg_roles.oid, tables.oid, 'SELECT')
    AND (
        0 = ANY(pg_policy.polroles)
        OR EXISTS (
            SELECT 1 FROM unnest(pg_policy.polroles) AS served (oid)
            WHERE served.oid <> 0 AND pg_has_role(pg_roles.oid, served.oid, 'USAGE')
        )
    )
    AND pg_get_expr(pg_policy.polqual, pg_policy.polrelid) NOT LIKE '%CURRENT_USER%';

-- name: one_policy_each
-- Policies add up: a second one for the same role and command lets more through. Where that is meant, before a
-- tenant is known and for what the owner counts, the table is named here.
-- returns  fault text
SELECT tables.name || ': ' || one.polname || ' and ' || other.polname || ' add up' AS fault
FROM our_tables AS tables
INNER JOIN pg_policy AS one ON tables.oid = one.polrelid AND one.polpermissive
INNER JOIN pg_policy AS other
    ON tables.oid = other.polrelid AND other.polpermissive AND one.oid < other.oid
WHERE
    (one.polcmd = other.polcmd OR '*' IN (one.polcmd, other.polcmd))
    AND (one.polroles && other.polroles OR 0 = ANY(one.polroles) OR 0 = ANY(other.polroles))
    AND tables.name <> ALL(ARRAY['tenants', 'users', 'user_sessions', 'known_devices', 'api_keys'])
    AND tables.name <> ALL(ARRAY['access_tokens', 'sign_in_tries', 'audit_writes', 'disclosures']);

-- name: roles_cannot_grow
-- Nobody but a superuser passes by row-level security, and roles for BI are nothing but that.
-- returns  fault text
SELECT rolname || ' passes by row-level security' AS fault
FROM pg_roles
WHERE rolbypassrls AND NOT rolsuper
UNION ALL
SELECT rolname || ' is for BI, and may do more' AS fault
FROM pg_roles
WHERE
    pg_has_role(oid, 'rollbook_bi', 'MEMBER')
    AND NOT rolsuper
    AND (
        rolcreaterole OR rolcreatedb OR rolreplication
        OR pg_has_role(oid, 'rollbook_app', 'MEMBER') OR pg_has_role(oid, 'rollbook_owner', 'MEMBER')
    )
UNION ALL
SELECT 'rollbook_bi may sign in itself' AS fault
FROM pg_roles
WHERE rolname = 'rollbook_bi' AND rolcanlogin;

-- name: functions_know_their_tables
-- A function finds what it names whoever calls it: its path is pinned, or its names were looked up when it was
-- made. But for those that have to be inlined into the query that calls them, with its caller's rights.
-- returns  fault text
SELECT functions.oid::regprocedure || ' looks up its names on the path of its caller' AS fault
FROM our_functions AS functions
INNER JOIN pg_proc ON functions.oid = pg_proc.oid
WHERE
    pg_proc.pronamespace = 'public'::regnamespace
    AND pg_proc.prosqlbody IS NULL
    AND NOT EXISTS (SELECT 1 FROM unnest(functions.proconfig) AS setting WHERE setting LIKE 'search\_path=%')
    AND functions.proname <> ALL(ARRAY[
        'rollbook_attendance_days', 'rollbook_attendance_totals', 'rollbook_attendance_weeks', 'uuidv7'
    ]);

-- name: references_are_indexed
-- Deleting a row looks for those that refer to it: by an index that begins with the same columns. Not where the
-- deleting is rare and the index would be written all day: predictions by the thousand each night.
-- returns  fault text
SELECT tables.name || ': ' || keys.conname || ' has no index' AS fault
FROM our_tables AS tables
INNER JOIN pg_constraint AS keys ON tables.oid = keys.conrelid AND keys.contype = 'f' AND keys.conparentid = 0
WHERE
    keys.conname <> ALL(ARRAY[
        'fk_predictions_tenant_id_model_version', 'fk_predictions_tenant_id_section_id',
        'fk_student_features_tenant_id_section_id', 'fk_courses_tenant_id_school_id'
    ])
    AND NOT EXISTS (
        SELECT 1 FROM pg_index
        WHERE
            pg_index.indrelid = tables.oid
            AND (pg_index.indkey::int2[])[0:cardinality(keys.conkey) - 1] @> keys.conkey
            AND pg_index.indpred IS NULL
    );

-- name: indexes_differ
-- No two indexes of a table are the same.
-- returns  fault text
SELECT tables.name || ': ' || one.indexrelid::regclass || ' is ' || other.indexrelid::regclass AS fault
FROM our_tables AS tables
INNER JOIN pg_index AS one ON tables.oid = one.indrelid
INNER JOIN pg_index AS other
    ON
        one.indrelid = other.indrelid
        AND one.indexrelid > other.indexrelid
        AND one.indkey = other.indkey
        AND one.indclass = other.indclass
CROSS JOIN
    LATERAL (
        SELECT
            ARRAY[pg_get_expr(one.indexprs, one.indrelid), pg_get_expr(one.indpred, one.indrelid)] AS ours,
            ARRAY[pg_get_expr(other.indexprs, one.indrelid), pg_get_expr(other.indpred, one.indrelid)]
                AS theirs
    ) AS expressions
WHERE expressions.ours = expressions.theirs;

-- name: extensions_are_known
-- Extensions stand in public, where only our own roles may look; so each is one that we know.
-- returns  fault text
SELECT extname || ' is an extension that nobody said anything of' AS fault
FROM pg_extension
WHERE extname <> ALL(ARRAY['plpgsql', 'btree_gist', 'pg_stat_statements']);

-- name: operations_name_nobody
-- What is noted of the database itself names no tenant and no person, and the app's role changes none of it.
-- returns  fault text
SELECT pg_class.relname || ' has a column ' || pg_attribute.attname AS fault
FROM pg_class
INNER JOIN pg_attribute ON pg_class.oid = pg_attribute.attrelid AND pg_attribute.attnum > 0
WHERE pg_class.relnamespace = to_regnamespace('operations')
    AND pg_class.relkind IN ('r', 'p')
    AND pg_attribute.attname ~ '^(tenant|student|user|staff|guardian|school)_'
UNION ALL
SELECT pg_class.relname || ': ' || acl.privilege_type || ' is granted to the app'
FROM pg_class
CROSS JOIN aclexplode(pg_class.relacl) AS acl
INNER JOIN pg_roles ON acl.grantee = pg_roles.oid AND pg_roles.rolname = 'rollbook_app'
WHERE pg_class.relnamespace = to_regnamespace('operations')
    AND pg_class.relname = 'runs'
    AND acl.privilege_type <> 'SELECT';

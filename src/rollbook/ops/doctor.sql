-- What is wrong with a database's roles and walls. Read as the owner's role, from the catalogue alone.

-- name: app_powers
-- What the application's role may that it must not.
-- params   app text, owner text
-- returns  power text
SELECT powers.power
FROM pg_roles AS roles
CROSS JOIN
    LATERAL (
        VALUES
        (roles.rolsuper, 'is a superuser'),
        (roles.rolbypassrls, 'passes row-level security'),
        (roles.rolcreaterole, 'makes roles'),
        (roles.rolreplication, 'replicates'),
        (
            NOT roles.rolsuper AND pg_has_role(roles.oid, cast(:owner AS text), 'MEMBER'),
            'may become the owner'
        ),
        (
            EXISTS (
                SELECT 1 FROM pg_class
                WHERE pg_class.relowner = roles.oid AND pg_class.relnamespace = to_regnamespace('public')
            ),
            'owns tables'
        )
    ) AS powers (holds, power)
WHERE roles.rolname = :app AND powers.holds;

-- name: unwalled
-- Tables and partitions that do not force row-level security.
-- returns  name text
SELECT relname AS name
FROM pg_class
WHERE
    relnamespace = to_regnamespace('public')
    AND relkind IN ('r', 'p')
    AND relname <> 'alembic_version'
    AND NOT (relrowsecurity AND relforcerowsecurity)
ORDER BY relname;

-- name: people_with_sql
-- Roles that sign in and read Rollbook's tables, but are neither the application nor the owner; and whether what
-- they send is kept: by pgaudit, or as statements in the server's log. Superusers are among them.
-- params   ours text[]
-- returns  name text, is_superuser bool, is_logged bool
WITH said AS (
    SELECT
        roles.oid,
        roles.rolname,
        roles.rolsuper,
        option
    FROM pg_roles AS roles
    LEFT JOIN pg_db_role_setting AS settings
        ON
            settings.setrole IN (0, roles.oid)
            AND settings.setdatabase IN (
                0, (SELECT pg_database.oid FROM pg_database WHERE pg_database.datname = current_database())
            )
    LEFT JOIN LATERAL unnest(settings.setconfig) AS option ON TRUE
    WHERE roles.rolcanlogin AND NOT roles.rolname = ANY(cast(:ours AS text[]))
)

SELECT
    rolname AS name,
    rolsuper AS is_superuser,
    current_setting('log_statement') = 'all'
    OR coalesce(bool_or(option = 'log_statement=all'), FALSE)
    OR (
        EXISTS (SELECT 1 FROM pg_extension WHERE extname = 'pgaudit')
        AND (
            coalesce(bool_or(option ~ '^pgaudit\.log=.*(all|read)'), FALSE)
            OR coalesce(current_setting('pgaudit.log', TRUE), '') ~ '(all|read)'
        )
    ) AS is_logged
FROM said
WHERE
    rolsuper
    OR EXISTS (
        SELECT 1 FROM pg_class
        WHERE
            pg_class.relnamespace = to_regnamespace('public')
            AND pg_class.relkind IN ('r', 'p', 'v')
            AND has_table_privilege(said.oid, pg_class.oid, 'SELECT')
    )
GROUP BY oid, rolname, rolsuper
ORDER BY rolname;

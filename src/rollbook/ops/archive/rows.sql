-- What is archived: the columns of a table, and what the archive has of it. As the owner's role.

-- name: columns
-- The columns of a table, with their types.
-- params   relation text
-- returns  name text, type text
SELECT
    attname AS name,
    format_type(atttypid, atttypmod) AS type
FROM pg_attribute
WHERE
    attrelid = to_regclass(format('public.%I', cast(:relation AS text)))
    AND attnum > 0
    AND NOT attisdropped
ORDER BY attnum;

-- name: key
-- The columns of a table's primary key, in their order.
-- params   relation text
-- returns  name text
SELECT attributes.attname AS name
FROM pg_index AS indexes
CROSS JOIN unnest(cast(indexes.indkey AS int2[])) WITH ORDINALITY AS keys (attnum, place)
INNER JOIN pg_attribute AS attributes
    ON indexes.indrelid = attributes.attrelid AND keys.attnum = attributes.attnum
WHERE
    indexes.indrelid = to_regclass(format('public.%I', cast(:relation AS text)))
    AND indexes.indisprimary
ORDER BY keys.place;

-- name: tenants
-- Everybody whose months may be in the archive.
-- returns  tenant_id int
SELECT tenant_id
FROM tenants
ORDER BY tenant_id;

-- name: archives
-- What the archive has of the tenant in sight, or of one table or month of theirs.
-- params   table_name text or null, month date or null
-- returns  a row of archives
SELECT
    tenant_id,
    table_name,
    month,
    file,
    row_count,
    checksum,
    sha256,
    size_bytes,
    key_id,
    last_import_id,
    last_hand_at,
    written_at
FROM archives
WHERE
    (cast(:table_name AS text) IS NULL OR table_name = :table_name)
    AND (cast(:month AS date) IS NULL OR month = :month)
ORDER BY table_name, month;

-- name: keep_archive
-- A file is proven: the archive has it from now on, in place of an older one.
-- params   tenant_id int, table_name text, month date, file text, row_count bigint, checksum text, sha256 text,
--          size_bytes bigint, key_id text, last_import_id int or null, last_hand_at timestamptz or null
INSERT INTO archives (
    tenant_id, table_name, month, file, row_count, checksum, sha256, size_bytes, key_id, last_import_id,
    last_hand_at
)
VALUES (
    :tenant_id, :table_name, :month, :file, :row_count, :checksum, :sha256, :size_bytes, :key_id,
    :last_import_id, :last_hand_at
)
ON CONFLICT (tenant_id, table_name, month) DO UPDATE
    SET
        file = excluded.file,
        row_count = excluded.row_count,
        checksum = excluded.checksum,
        sha256 = excluded.sha256,
        size_bytes = excluded.size_bytes,
        key_id = excluded.key_id,
        last_import_id = excluded.last_import_id,
        last_hand_at = excluded.last_hand_at,
        written_at = now();

-- name: drop_archive
-- The archive no longer has it.
-- params   tenant_id int, table_name text, month date
DELETE FROM archives
WHERE tenant_id = :tenant_id AND table_name = :table_name AND month = :month;

-- name: throw_away
-- A file that is to be removed, unless it is kept.
-- params   file text
INSERT INTO operations.archive_trash (file) VALUES (:file)
ON CONFLICT (file) DO NOTHING;

-- name: keep_file
-- It is not to be removed, or is removed.
-- params   file text
DELETE FROM operations.archive_trash
WHERE file = :file;

-- name: trash
-- Files that are to be removed.
-- returns  file text, since timestamptz
SELECT
    file,
    since
FROM operations.archive_trash
ORDER BY file;

-- name: note
-- Note for the audit what was taken out of a table, or brought back.
-- params   tenant_id int, table_name text, command text, row_count bigint, changes jsonb
-- returns  one row
SELECT
    rollbook_audit_note(
        :tenant_id, :table_name, :command, :row_count, cast(:changes AS jsonb), cast(NULL AS text)
    );

-- name: revision
-- Where the schema is.
-- returns  version_num text
SELECT version_num
FROM alembic_version;

-- name: standing
-- What the archive has of the tenant in sight; without a file, what is on its way there, of whomever.
-- returns  table_name text, month date, file text or null
SELECT
    table_name,
    month,
    file
FROM archives
UNION ALL
SELECT
    detached.table_name,
    detached.month,
    NULL
FROM operations.detached_months AS detached
WHERE NOT EXISTS (
        SELECT FROM archives
        WHERE archives.table_name = detached.table_name AND archives.month = detached.month
    )
ORDER BY table_name, month;

-- name: secret
-- Those of some names of columns whose value opens something.
-- params   names text[]
-- returns  name text
SELECT name
FROM unnest(cast(:names AS text[])) AS asked (name)
WHERE rollbook_is_secret(name);

"""What migrations give to encrypted columns: a type, and triggers that know another key from another value.

Frozen like ddl.
"""

from typing import Final

from alembic import op

from rollbook.migrations import ddl, ddl_audit

DOMAIN: Final = """
CREATE DOMAIN sealed AS bytea;
COMMENT ON DOMAIN sealed IS 'version 1, key id (4 bytes), nonce (12), AES-256-GCM-SIV ciphertext and tag;'
    ' core/encryption.py writes and reads it. Version 0 is plain text of before there was encryption';
"""
# Of what is there nothing is checked: `rollbook db migrate` encrypts it and validates then.
NO_PLAIN: Final = """
-- squawk-ignore ban-alter-domain-with-add-constraint
ALTER DOMAIN sealed ADD CONSTRAINT sealed_no_plain
    CHECK (octet_length(VALUE) >= 33 AND get_byte(VALUE, 0) = 1) NOT VALID;
"""
# Old text becomes version 0. What a downgrade wrote out goes back as it was.
_SEAL: Final = """
-- squawk-ignore changing-column-type
ALTER TABLE {table} ALTER {column} TYPE sealed USING
    CASE WHEN {column} LIKE 'sealed:%' THEN decode(substr({column}, 8), 'base64')
    ELSE '\\x00'::bytea || convert_to({column}, 'UTF8') END
"""
# SQL has no keys: ciphertext is written out, so that nothing is lost on the way back up.
_UNSEAL: Final = """
-- squawk-ignore changing-column-type
ALTER TABLE {table} ALTER {column} TYPE text USING
    CASE WHEN get_byte({column}, 0) = 0 THEN convert_from(substr({column}, 2), 'UTF8')
    ELSE 'sealed:' || translate(encode({column}, 'base64'), E'\\n', '') END
"""
# Only who may do as the owner of the table is believed: who could drop the triggers anyway.
REKEYS: Final = """
CREATE FUNCTION rollbook_rekeys(relation regclass) RETURNS boolean
LANGUAGE sql STABLE SET search_path = public, pg_temp
RETURN coalesce(current_setting('rollbook.rekeying', true), '') = 'on'
    AND pg_has_role(session_user, (SELECT relowner FROM pg_class WHERE oid = relation), 'USAGE');

-- The columns of a table that are encrypted.
CREATE FUNCTION rollbook_sealed_columns(relation regclass) RETURNS text[]
LANGUAGE sql STABLE SET search_path = public, pg_temp
RETURN (
    SELECT coalesce(array_agg(attname::text), '{}')
    FROM pg_attribute
    WHERE attrelid = relation AND atttypid = 'sealed'::regtype
);
"""
_BULK: Final = "        is_bulk := EXISTS (SELECT FROM new_rows OFFSET most);\n"
# Another key is no change of a fact: that rows got one is noted like a bulk, without values, and nothing but
# encrypted columns may change by it.
_REKEYED: Final = """\
        IF TG_OP = 'UPDATE' AND rollbook_rekeys(TG_RELID) THEN
            is_bulk := EXISTS (SELECT FROM new_rows);
            IF EXISTS (
                (SELECT to_jsonb(o) - rollbook_sealed_columns(TG_RELID) FROM old_rows AS o)
                EXCEPT ALL
                (SELECT to_jsonb(n) - rollbook_sealed_columns(TG_RELID) FROM new_rows AS n)
            ) THEN
                RAISE EXCEPTION 'another key changes nothing but encrypted columns of %', TG_TABLE_NAME;
            END IF;
        END IF;
"""
_AUDIT_PLAIN: Final = (
    "CREATE OR REPLACE FUNCTION rollbook_audit()"
    + (ddl_audit.NOTES.split("CREATE FUNCTION rollbook_audit()")[1].split("-- Note whose records")[0])
)
AUDIT: Final = _AUDIT_PLAIN.replace(_BULK, _BULK + _REKEYED)
# From 20261121_1115 on: the catalogue is asked once a statement, not once a row.
_REKEYED_ONCE: Final = """\
        IF TG_OP = 'UPDATE' AND rollbook_rekeys(TG_RELID) THEN
            is_bulk := EXISTS (SELECT FROM new_rows);
            sealed := rollbook_sealed_columns(TG_RELID);
            IF EXISTS (
                (SELECT to_jsonb(o) - sealed FROM old_rows AS o)
                EXCEPT ALL
                (SELECT to_jsonb(n) - sealed FROM new_rows AS n)
            ) THEN
                RAISE EXCEPTION 'another key changes nothing but encrypted columns of %', TG_TABLE_NAME;
            END IF;
        END IF;
"""
_DECLARED: Final = "    is_bulk boolean;\n"
AUDIT_ONCE: Final = _AUDIT_PLAIN.replace(_BULK, _BULK + _REKEYED_ONCE).replace(
    _DECLARED, _DECLARED + "    sealed text[];\n"
)
_KEEP_PLAIN: Final = (
    "CREATE OR REPLACE FUNCTION rollbook_keep_updated()"
    + (
        ddl.IMPORTS.split("CREATE OR REPLACE FUNCTION rollbook_keep_updated()")[1].split("CREATE OR REPLACE")[
            0
        ]
    )
)
KEEP: Final = _KEEP_PLAIN.replace(
    "BEGIN\n", "BEGIN\n    IF rollbook_rekeys(TG_RELID) THEN\n        RETURN NULL;\n    END IF;\n"
)


def create() -> None:
    """Make the type and what its triggers need; before any column is of it."""
    op.execute(DOMAIN)
    op.execute(REKEYS)
    op.execute(AUDIT)
    op.execute(KEEP)


def drop() -> None:
    """Take back ``create``."""
    op.execute(_AUDIT_PLAIN)
    op.execute(_KEEP_PLAIN)
    op.execute(
        "-- squawk-ignore ban-drop-function\n"
        "DROP FUNCTION rollbook_rekeys(regclass), rollbook_sealed_columns(regclass)"
    )
    op.execute("DROP DOMAIN sealed")


def forbid_plain() -> None:
    """Take nothing but ciphertext from now on."""
    op.execute(NO_PLAIN)


def allow_plain() -> None:
    """Take plain text of before there was encryption, until ``forbid_plain``."""
    op.execute("-- squawk-ignore ban-drop-constraint\nALTER DOMAIN sealed DROP CONSTRAINT sealed_no_plain")


def seal(table: str, *columns: str) -> None:
    """Make ``columns`` encrypted ones; what is in them stays readable as version 0."""
    for column in columns:
        op.execute(_SEAL.format(table=table, column=column))


def unseal(table: str, *columns: str) -> None:
    """Take back ``seal``."""
    for column in columns:
        op.execute(_UNSEAL.format(table=table, column=column))

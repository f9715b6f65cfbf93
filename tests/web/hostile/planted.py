"""A district in which every text is a script: each column that takes one says it, and which column it is."""

from typing import Final

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from web.hostile.routes import looking

# As much as a column takes: the longest first. {0} tells the column, {1} one row from the next.
SCRIPTS: Final = (
    (
        "{0}</textarea></title></script>\"'><x-probe onclick=probed=1></x-probe><script>probed=1</script>"
        "<img src=x onerror=probed=1><a href=javascript:probed=1 data-hx-get=/look data-hx-trigger=load>"
        "{{{{7*7}}}} ${{7*7}} \\u003cscript> {1}"
    ),
    "{0}\"'><x-probe onfocus=probed=1 autofocus tabindex=1>{1}",
    "<x-probe>{1}",
)
# By these the test itself gets in, and PostgreSQL and the zones of time are found.
KEPT: Final = {
    "alembic_version.version_num",
    "tenants.slug",
    "tenants.time_zone",
    "users.email",
    "users.password_hash",
}
_COLUMNS: Final = text(
    "SELECT relname, attname, atttypid::regtype::text AS kind FROM pg_class"
    " JOIN pg_attribute ON attrelid = pg_class.oid"
    " WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition"
    " AND relname NOT LIKE '%\\_history' AND relname NOT LIKE 'audit\\_%' AND relname <> 'disclosures'"
    " AND attnum > 0 AND NOT attisdropped AND atttypid::regtype::text IN ('text', 'varchar', 'jsonb')"
    " ORDER BY 1, 2"
)


def plant(owner_url: str) -> list[str]:
    """Write a script into each column that takes one; return those columns, as "table.column"."""
    with looking(owner_url) as db:
        found = db.execute(_COLUMNS).all()
        return [
            f"{table}.{column}"
            for table, column, kind in found
            if f"{table}.{column}" not in KEPT and _takes(db, table, column, kind)
        ]


def _takes(db: Connection, table: str, column: str, kind: str) -> bool:
    return any(_write(db, table, column, kind, script) for script in SCRIPTS)


def _write(db: Connection, table: str, column: str, kind: str, script: str) -> bool:
    told = script.format(f"{table}.{column} ", "").rstrip()
    if kind == "jsonb":
        # into each text of the document, where its shape stays as it was
        quoted = told.replace("\\", "\\\\").replace('"', '\\"')
        value = f"regexp_replace({column}::text, '\": \"', :planted, 'g')::jsonb"
        planted = '": "' + quoted.replace("\\", "\\\\")
    else:
        value, planted = f"cast(:planted AS text) || substr(md5({table}::text), 1, 7)", told
    try:
        with db.begin_nested():
            done = db.execute(
                text(f"UPDATE {table} SET {column} = {value} WHERE {column} IS NOT NULL"),
                {"planted": planted},
            )
    except DBAPIError:
        return False
    return done.rowcount > 0

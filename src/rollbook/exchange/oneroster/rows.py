"""The query of each file of an export: the rooms' rows and those that no room keeps, as text, in order.

What the queries of ``export.sql`` return is put into the shape of the file here, because that depends on the
layout: the order of the columns, what they may hold, what they refer to.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from psycopg import sql
from sqlalchemy import text
from sqlalchemy.orm import Session

from rollbook.core.sql import named_sql
from rollbook.exchange.oneroster import cells
from rollbook.exchange.oneroster.shapes import EXTENSION, SOURCED_ID, Cell, Table
from rollbook.exchange.oneroster.tables import WITHOUT_ROOM

ROWS: Final = {
    **named_sql("rollbook.exchange.oneroster", "export.sql"),
    **named_sql("rollbook.exchange.oneroster", "export_places.sql"),
    **named_sql("rollbook.exchange.oneroster", "export_gradebook.sql"),
}
_CONTROL: Final = "'[[:cntrl:]]+', ' ', 'g'"
_INSTANT: Final = """'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'"""


def verbatim_ids(table: Table) -> str:
    """Return the INSERT of the ids of records that no room keeps; not of those that refer to nobody."""
    conditions = [
        f"AND named.facts ->> '{cell.name}' IN ({_ids(cell)})"
        for cell in table.cells
        if cell.to and cell.is_required and cell.form is not cells.GUIDS
    ]
    return (
        "INSERT INTO export_ids (record_type, source_id) SELECT record_type, source_id"  # noqa: S608 -- names of ours
        f" FROM export_named AS named WHERE record_type = '{table.name}' AND entity_type = ''"
        f" AND left_at IS NULL {' '.join(conditions)}"
    )


def lost_ids(table: Table) -> str:
    """Return the DELETE of the ids whose rows a bulk export leaves out: they refer to what is not there."""
    there = f'SELECT "{SOURCED_ID}" FROM ({_all_rows(table)}) AS rows WHERE {_chosen(table, None)}'  # noqa: S608 -- names of ours
    return (
        f"DELETE FROM export_ids WHERE record_type = '{table.name}'"  # noqa: S608 -- names of ours
        f' AND NOT EXISTS (SELECT FROM ({there}) AS there WHERE there."{SOURCED_ID}" = export_ids.source_id)'
    )


def file_rows(table: Table, extensions: Sequence[str], since: datetime | None) -> str:
    """Return the query of a file's rows, in the order of their ids; for COPY, which takes no parameters."""
    is_delta = since is not None
    lifecycle = (
        ["status", f"to_char(timezone('UTC', changed_at), {_INSTANT})"] if is_delta else ["NULL", "NULL"]
    )
    shown = [_shown(table, cell, is_delta=is_delta) for cell in table.cells]
    more = [f"nullif(facts ->> {_quoted(key)}, '')" for key in extensions]
    columns = ", ".join([f'"{SOURCED_ID}"', *lifecycle, *shown, *more])
    order = f' ORDER BY "{SOURCED_ID}" COLLATE "C"'
    return f"SELECT {columns} FROM ({_all_rows(table)}) AS rows WHERE {_chosen(table, since)}{order}"  # noqa: S608 -- names of ours


def extension_keys(db: Session, table: Table, *, is_delta: bool) -> Sequence[str]:
    """Return the extension columns that a row of the file fills, by name.

    Only where a record of the table has any at all are the rows themselves looked at.
    """
    is_key = f"key LIKE '{EXTENSION}%'"
    named = f"SELECT facts FROM export_named WHERE record_type = '{table.name}'"  # noqa: S608 -- names of ours
    ours = " UNION ALL SELECT facts FROM export_assignments" if table.name == "lineItems" else ""
    records = (
        f"SELECT EXISTS (SELECT FROM ({named}{ours}) AS records, jsonb_object_keys(facts) AS key"  # noqa: S608 -- names of ours
        f" WHERE {is_key})"
    )
    if not db.scalar(text(records)):
        return []
    chosen = "true" if is_delta else _chosen(table, None)
    rows = f"SELECT facts FROM ({_all_rows(table)}) AS rows WHERE {chosen}"  # noqa: S608 -- names of ours
    keys = f"SELECT DISTINCT key FROM ({rows}) AS rows, jsonb_object_keys(facts) AS key WHERE {is_key}"  # noqa: S608 -- names of ours
    return sorted(db.scalars(text(keys.replace(":", r"\:"))))


def _quoted(value: str) -> str:
    return sql.Literal(value).as_string(None)


def _all_rows(table: Table) -> str:
    """Return the rooms' rows and the others; the roles were gathered before."""
    if table.name == "roles":
        return "SELECT * FROM export_roles"
    values = ", ".join(f"facts ->> '{cell.name}' AS \"{cell.name}\"" for cell in table.cells)
    status = "CASE WHEN left_at IS NULL THEN 'active' ELSE 'tobedeleted' END AS status"
    others = (
        f'SELECT source_id AS "{SOURCED_ID}", {status}, greatest(changed_at, left_at) AS changed_at,'  # noqa: S608 -- names of ours
        f" {values}, facts FROM export_named WHERE record_type = '{table.name}' AND entity_type = ''"
    )
    if table.name in WITHOUT_ROOM:
        return others
    return f"{ROWS[table.name].text} UNION ALL {others}"


def _chosen(table: Table, since: datetime | None) -> str:
    """Say which rows: in bulk those that are there and refer to what is there."""
    if since is not None:
        return f"changed_at > {_quoted(since.isoformat())}::timestamptz"
    leads = [
        f'"{cell.name}" IN ({_ids(cell)})'
        for cell in table.references
        if cell.is_required and cell.form is not cells.GUIDS
    ]
    return " AND ".join(["status = 'active'", *leads])


def _ids(cell: Cell) -> str:
    return f"SELECT source_id FROM export_ids WHERE record_type = '{cell.to}'"  # noqa: S608 -- names of ours


def _shown(table: Table, cell: Cell, *, is_delta: bool) -> str:
    """Return a column as it is written: on one line, without a value rather than empty, leading somewhere."""
    name = f'"{cell.name}"'
    if isinstance(cell.form, cells.Free):
        return f"nullif(regexp_replace({name}, {_CONTROL}), '')"
    if cell.to is None or is_delta:
        return f"nullif({name}, '')"
    if cell.form is cells.GUIDS:
        return (
            f"CASE WHEN {name} IS NOT NULL THEN (SELECT string_agg(id, ',' ORDER BY nr)"  # noqa: S608 -- names of ours
            f" FROM unnest(string_to_array({name}, ',')) WITH ORDINALITY AS part (id, nr)"
            f" WHERE (SELECT count(*) > 0 FROM export_ids AS known WHERE known.record_type = '{cell.to}'"
            " AND known.source_id = part.id)) END"
        )
    if cell.is_required:
        return name
    leads = f"{name} IN ({_ids(cell)})"
    if table.name == "users" and cell.to == "orgs":
        there = f'SELECT FROM export_roles AS role WHERE role."userSourcedId" = rows."{SOURCED_ID}"'
        leads = (
            f"{leads} AND EXISTS ({there} AND role.\"orgSourcedId\" = rows.{name} AND role.status = 'active')"
        )
    return f"CASE WHEN {leads} THEN {name} END"

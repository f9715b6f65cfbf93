"""Into the database: each table staged by COPY, written by one INSERT; corrections follow as UPDATEs.

COPY may not go to tables with row-level security, so it goes to temporary tables.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Final

import numpy as np
import psycopg
from psycopg import Cursor, sql
from sqlalchemy import (
    ColumnElement,
    Connection,
    Table,
    TableClause,
    and_,
    column,
    insert,
    literal,
    select,
    table,
    text,
    update,
)
from sqlalchemy.orm import Session

from rollbook.core.progress import Report
from rollbook.core.tenancy import Tenant
from rollbook.demo.calendar import Array
from rollbook.demo.facts import Columns, Correction, District
from rollbook.migrations.registry import metadata

_MONTHS: Final = text("SELECT rollbook_ensure_months(cast(:table AS regclass), :since, :until)")


def write_district(db: Session, tenant: Tenant, district: District, report: Report) -> dict[str, int]:
    """Write all of ``district``; return how many rows each table got."""
    written = {}
    for name, columns in district.tables.items():
        report.step(f"Writing {name}", total=len(next(iter(columns.values()))))
        _ensure_months(db, name, columns)
        written[name] = _insert(db, tenant, name, columns)
        report.advance(written[name])
    for correction in district.corrections:
        report.step(f"Correcting {correction.table}")
        _update(db, tenant, correction)
    return written


def _ensure_months(db: Session, name: str, columns: Columns) -> None:
    if not metadata.tables[name].dialect_options["postgresql"]["partition_by"] or not len(columns["date"]):
        return
    first, last = columns["date"].min().item(), columns["date"].max().item()
    db.execute(_MONTHS, {"table": name, "since": first, "until": last})


def _insert(db: Session, tenant: Tenant, name: str, columns: Columns) -> int:
    target = metadata.tables[name]
    staged = _stage(db, target, columns)
    values: list[ColumnElement[Any]] = [literal(tenant.tenant_id), *staged.c]
    chosen = select(*values).select_from(staged)
    fill = insert(target).from_select(["tenant_id", *columns], chosen)
    result = db.connection().execute(fill, execution_options={"preserve_rowcount": True})
    _drop(db, staged.name)
    return result.rowcount


def _update(db: Session, tenant: Tenant, correction: Correction) -> None:
    target = metadata.tables[correction.table]
    staged = _stage(db, target, {**correction.key, **correction.columns})
    same = and_(
        target.c.tenant_id == tenant.tenant_id,
        *(target.c[field] == staged.c[field] for field in correction.key),
    )
    changes = {field: staged.c[field] for field in correction.columns}
    db.connection().execute(update(target).values(changes).where(same))
    _drop(db, staged.name)


def _stage(db: Session, target: Table, columns: Columns) -> TableClause:
    """COPY ``columns`` into a temporary table of the target's column types."""
    name = f"demo_{target.name}"
    fields = sql.SQL(", ").join(map(sql.Identifier, columns))
    with _cursor(db.connection()) as cursor:
        cursor.execute(
            sql.SQL("CREATE TEMPORARY TABLE {} AS SELECT {} FROM {} WITH NO DATA").format(
                sql.Identifier(name), fields, sql.Identifier(target.name)
            )
        )
        with cursor.copy(sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(name), fields)) as copy:
            for row in _rows(columns.values()):
                copy.write_row(row)
        cursor.execute(sql.SQL("ANALYZE {}").format(sql.Identifier(name)))
    return table(name, *(column(field) for field in columns))


def _cursor(connection: Connection) -> Cursor[Any]:
    driver = connection.connection.driver_connection
    assert isinstance(driver, psycopg.Connection)
    return driver.cursor()


def _drop(db: Session, name: str) -> None:
    with _cursor(db.connection()) as cursor:
        cursor.execute(sql.SQL("DROP TABLE {}").format(sql.Identifier(name)))


def _rows(columns: Iterable[Array]) -> Iterable[tuple[object, ...]]:
    return zip(*(_values(values) for values in columns), strict=True)


def _values(values: Array) -> Sequence[object]:
    """Return Python's values; an instant says that it is UTC, whatever the session's zone is."""
    is_instant = values.dtype == np.dtype("datetime64[s]")
    plain: list[object] = (np.datetime_as_string(values, timezone="UTC") if is_instant else values).tolist()
    return plain

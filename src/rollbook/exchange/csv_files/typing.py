"""Lines into typed rows: a temporary table for each of the room's tables that a kind is written to."""

from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    TableClause,
    and_,
    cast,
    column,
    func,
    literal,
    null,
    select,
    table,
    text,
)
from sqlalchemy.dialects.postgresql import distinct_on

from rollbook.exchange.csv_files.lines import Lines, incoming_of, keys_of
from rollbook.intake.format import Run
from rollbook.intake.kinds import KNOWN_AT, Part
from rollbook.intake.layout import LINE_NUMBER


def type_parts(run: Run, lines: Lines) -> None:
    """Make the keys of what the file brings, then the rows of each part; again after lines were rejected."""
    make_keys(run, lines)
    for part in lines.parts:
        _make(run, incoming_of(part), _rows(run, lines, part))


def make_keys(run: Run, lines: Lines) -> None:
    """Give an id to everything that other rows of the file may refer to: ours, or a new one."""
    for part in lines.parts:
        if part.entity:
            _make(run, keys_of(part), _keys(lines, part))


def rows_of(part: Part, lines: Lines) -> TableClause:
    """Return the temporary table of a part's rows."""
    names = [*part.key, *lines.columns_of(part), *([part.entity] if part.entity else [])]
    types = [column(name, part.table.c[name].type) for name in dict.fromkeys(names)]
    return table(incoming_of(part), column(LINE_NUMBER), *types)


def _make(run: Run, name: str, rows: Select[Any]) -> None:
    """Create the table as the rows; values of the query are written into it, as a utility takes none."""
    run.db.execute(text(f'DROP TABLE IF EXISTS pg_temp."{name}"'))
    with_values = {"literal_binds": True}
    sql = rows.compile(run.db.connection(), compile_kwargs=with_values).string
    run.db.connection().exec_driver_sql(f'CREATE TEMP TABLE "{name}" ON COMMIT DROP AS {sql}')


def _keys(lines: Lines, part: Part) -> Select[Any]:
    behind = [name for name in part.key if part.columns[name] in lines.lookups]
    source = lines.joined(brings=False, only={part.columns[name] for name in behind})
    told = (
        select(*(lines.value(part.columns[name]).label(name) for name in part.key))
        .select_from(source)
        .where(lines.is_told(part))
        .distinct()
        .subquery("told")
    )
    same = and_(
        part.table.c.tenant_id == lines.tenant_id,
        *(part.table.c[name] == told.c[name] for name in part.key),
    )
    assert part.entity
    ours = part.table.c[part.entity]
    return select(
        func.coalesce(ours, func.uuidv7()).label("id"), *(told.c[name] for name in part.key)
    ).select_from(told.outerjoin(part.table, same))


def _rows(run: Run, lines: Lines, part: Part) -> Select[Any]:
    rows = all_rows(lines, part)
    if KNOWN_AT in lines.present:
        rows = rows.add_columns(func.least(lines.typed(KNOWN_AT), literal(run.now)).label(KNOWN_AT))
    if part.is_shared:
        key = [_value(lines, part, name) for name in part.key]
        rows = rows.ext(distinct_on(*key)).order_by(*key, lines.stage.c[LINE_NUMBER])
    return rows


def all_rows(lines: Lines, part: Part) -> Select[Any]:
    """Return what each line says of a part, with its number."""
    source = lines.joined()
    values: list[ColumnElement[Any]] = [lines.stage.c[LINE_NUMBER]]
    if part.entity:
        keys = table(keys_of(part), column("id"), *(column(name) for name in part.key)).alias("keys")
        source = source.join(keys, and_(*(keys.c[n] == lines.value(part.columns[n]) for n in part.key)))
        values.append(keys.c.id.label(part.entity))
    values += [_value(lines, part, name).label(name) for name in lines.columns_of(part)]
    return select(*values).select_from(source).where(lines.is_told(part))


def _value(lines: Lines, part: Part, name: str) -> ColumnElement[Any]:
    source = part.columns[name]
    if source not in lines.present and source not in lines.lookups and not lines.has_default(source):
        return cast(null(), part.table.c[name].type)
    return lines.value(source)

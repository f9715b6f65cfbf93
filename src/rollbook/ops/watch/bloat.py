"""What tables waste: estimated without reading them, or counted by pgstattuple_approx where that is there.

Row-level security hides pg_stats from whoever it holds, the owner too. The planner still says how wide the
rows of a table are on average, and runs nothing for that.
"""

import json
import math
from dataclasses import dataclass
from typing import Any, Final

from psycopg import sql
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from rollbook.core.sql import named_sql
from rollbook.ops.watch.measures import Row

PAGE: Final = 8192
_PAGE_HEAD: Final = 24
_ROW_HEAD: Final = 24 + 4
"""Bytes of a row's own header and of the pointer to it."""
_ALIGNED: Final = 8
_FUNCTION: Final = "pgstattuple_approx(regclass)"
_PRESENT: Final = named_sql("rollbook.ops.watch", "cluster.sql")["present"]
_COUNT: Final = text(
    "SELECT cast(table_len AS float8), cast(approx_free_space + dead_tuple_len AS float8)"
    " FROM pgstattuple_approx(cast(:table_name AS regclass))"
)


@dataclass(frozen=True, slots=True)
class Bloat:
    """What a table holds and wastes, in bytes; ``counted`` where it is no estimate."""

    table_name: str
    total_bytes: float
    wasted_bytes: float
    counted: bool


def bloat_of(db: Session, heaps: list[Row]) -> list[Bloat]:
    """Return what each of the tables in the measure ``heaps`` wastes, the most first.

    A table that cannot be looked at is left out.
    """
    counts = db.scalar(_PRESENT, {"names": [_FUNCTION]}) is not None
    found = [_counted(db, heap) if counts else None for heap in heaps]
    estimated = [have or _estimated(db, heap) for have, heap in zip(found, heaps, strict=True)]
    return sorted(filter(None, estimated), key=lambda one: -one.wasted_bytes)


def _counted(db: Session, heap: Row) -> Bloat | None:
    try:
        with db.begin_nested():
            total, wasted = db.execute(_COUNT, {"table_name": heap["table_name"]}).one()
    except DBAPIError as error:
        _unless_gone(error)
        return None
    return Bloat(heap["table_name"], total, wasted, counted=True)


def _estimated(db: Session, heap: Row) -> Bloat | None:
    try:
        with db.begin_nested():
            planned = db.connection().exec_driver_sql(_plan_of(heap))
            width = _width(planned.scalar_one())
    except DBAPIError as error:
        _unless_gone(error)
        return None
    if not width:  # walls that let nothing through leave the planner nothing to tell
        return None
    needed = expected_pages(heap["tuples"], width, heap["fill"])
    wasted = max(0, heap["pages"] - needed) * PAGE
    return Bloat(heap["table_name"], heap["pages"] * PAGE, wasted, counted=False)


def _unless_gone(error: DBAPIError) -> None:
    if error.connection_invalidated:
        raise error


def _plan_of(heap: Row) -> str:
    """Return what asks the planner about all rows of a table, and reads none."""
    table = sql.Identifier(heap["schema_name"], heap["relation_name"])
    return sql.SQL("EXPLAIN (FORMAT JSON) SELECT * FROM {}").format(table).as_string()


def _width(plan: Any) -> int:  # noqa: ANN401 -- JSON, parsed or not by the driver
    parsed = json.loads(plan) if isinstance(plan, str) else plan
    width: int = parsed[0]["Plan"]["Plan Width"]
    return width


def expected_pages(tuples: float, width: int, fill: float) -> int:
    """Return the pages that so many rows of ``width`` bytes need, filled to ``fill`` (0..1)."""
    row = _ROW_HEAD + math.ceil(width / _ALIGNED) * _ALIGNED
    rows_to_a_page = max(1, int((PAGE - _PAGE_HEAD) * fill / row))
    return math.ceil(tuples / rows_to_a_page)

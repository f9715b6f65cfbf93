"""Where the planner guesses how many rows come, and is far from what came: by the counters of real calls."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection

from rollbook.core.sql import named_sql
from rollbook.ops.tuning.candidates import equal_columns
from rollbook.ops.tuning.explaining import NotPlannable, Plan, Viewer, busiest_tenant, explain
from rollbook.ops.tuning.looking import raw
from rollbook.ops.tuning.statements import Statement

SQL: Final = named_sql("rollbook.ops.tuning", "estimates.sql")
FAR: Final = 10.0
_ENOUGH_CALLS: Final = 20
# Above these nodes the rows that come are no longer those that the conditions let through.
_COUNTED: Final = {"Limit", "Aggregate", "ModifyTable", "Unique", "Group", "SetOp", "Result"}


@dataclass(frozen=True, slots=True)
class FarOff:
    """A column whose statistics are full, in a statement whose rows are misjudged by ``factor``."""

    schema: str
    table: str
    column: str
    target: int
    statement: Statement
    estimated: float
    came: float

    @property
    def factor(self) -> float:
        """How far the estimate is from what came, at least 1."""
        return _factor(self.estimated, self.came)

    @property
    def sentence(self) -> str:
        """The figures, for a person."""
        return f"{self.estimated:,.0f} rows expected, {self.came:,.1f} come"


def far_off(db: Connection, workload: Sequence[Statement]) -> list[FarOff]:
    """Return columns of which more statistics may mend an estimate: those compared, and kept to the brim."""
    tenant = busiest_tenant(raw(db))
    full = {(row.schema, row.table_name, row.name): row.target for row in db.execute(SQL["full_columns"])}
    found: dict[tuple[str, str, str], FarOff] = {}
    for statement in workload:
        for one in _of(db, statement, tenant, full):
            known = found.get(key := (one.schema, one.table, one.column))
            if known is None or known.factor < one.factor:
                found[key] = one
    return list(found.values())


def _of(
    db: Connection, statement: Statement, tenant: str, full: dict[tuple[str, str, str], int]
) -> Iterator[FarOff]:
    plan = _plan(db, statement, tenant) if statement.counted.calls >= _ENOUGH_CALLS else None
    if plan is None or plan["Node Type"] in _COUNTED:
        return
    estimated, came = float(plan["Plan Rows"]), statement.counted.rows / statement.counted.calls
    if _factor(estimated, came) < FAR:
        return
    for (schema, table), columns in equal_columns(plan).items():
        for column in sorted(columns):
            if (target := full.get((schema, table, column))) is not None:
                yield FarOff(schema, table, column, target, statement, estimated, came)


def judge(db: Connection, one: FarOff) -> float:
    """Return by what factor the statement's rows are misjudged now."""
    plan = _plan(db, one.statement, busiest_tenant(raw(db)))
    return _factor(float(plan["Plan Rows"]), one.came) if plan else one.factor


def _plan(db: Connection, statement: Statement, tenant: str) -> Plan | None:
    if not statement.is_planned:
        return None
    try:
        return explain(raw(db), statement.text, Viewer(statement.role, tenant))
    except NotPlannable:
        return None


def _factor(estimated: float, came: float) -> float:
    more, less = max(estimated, came), min(estimated, came)
    return max(more, 1.0) / max(less, 1.0)

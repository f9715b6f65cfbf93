"""What PostgreSQL did for the queries of a block: their plans, run again with their own parameters."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event
from sqlalchemy.orm import Session

Plan = dict[str, Any]


@contextmanager
def plans_of(db: Session, containing: str) -> Iterator[list[Plan]]:
    """Yield a list that holds, after the block, the plans of its queries that contain a text."""
    asked: list[tuple[str, Any]] = []
    plans: list[Plan] = []

    def note(_connection: object, _cursor: object, statement: str, given: Any, *_: object) -> None:  # noqa: ANN401 -- the driver's
        if containing in statement:
            asked.append((statement, given))

    engine = db.connection().engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield plans
    finally:
        event.remove(engine, "before_cursor_execute", note)
    for statement, given in asked:
        answer = db.connection().exec_driver_sql(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}", given)
        plans.append(answer.scalar_one()[0]["Plan"])


def nodes(plan: Plan) -> Iterator[Plan]:
    """Yield the plan's nodes, each before those below it."""
    yield plan
    for below in plan.get("Plans", []):
        yield from nodes(below)


def read_in_vain(plan: Plan, table: str) -> int:
    """Return how many rows of ``table`` were read for nothing: a filter removed them."""
    scans = [node for node in nodes(plan) if node.get("Relation Name") == table]
    assert scans
    return sum(int(scan.get("Rows Removed by Filter", 0)) * int(scan["Actual Loops"]) for scan in scans)

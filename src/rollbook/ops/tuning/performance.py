"""The original systems' claim as a report: "90 %+ of queries use indexes, average under 100 ms". Is it so?

Definitions. A statement counts as using an index if its generic plan reads at least one; of the share, only
statements that read a table are the whole. It counts as reading a table whole if that plan has a sequential
scan of a table of more than 16 pages (128 KiB): below that, an index would not be faster. The mean is over
calls. p95 is a bound that holds for certain (see bounds.py). A cache hit is a page found in PostgreSQL's own
buffers; the operating system may have had the others.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Connection

from rollbook.ops.tuning.bounds import p95_at_most
from rollbook.ops.tuning.explaining import (
    NotPlannable,
    Plan,
    Viewer,
    aliases,
    busiest_tenant,
    explain,
    indexes_used,
    read_whole,
)
from rollbook.ops.tuning.looking import raw
from rollbook.ops.tuning.statements import Statement, Usage, usage
from rollbook.ops.tuning.twin import SQL

CLAIMED_INDEX_SHARE: Final = 0.9
CLAIMED_MEAN_MS: Final = 100.0
_SMALL_PAGES: Final = 16


@dataclass(frozen=True, slots=True)
class Judged:
    """One statement, with how it is planned. ``indexes`` none: it could not be planned by itself."""

    usage: Usage
    reads_tables: bool
    indexes: Sequence[str] | None
    whole: Sequence[str]


@dataclass(frozen=True, slots=True)
class Performance:
    """What the claim comes to. Units: shares 0..1, none where nothing was counted; milliseconds."""

    since: datetime | None
    statements: int
    calls: int
    unplanned: int
    index_share_of_calls: float | None
    index_share_of_statements: float | None
    whole_share_of_calls: float | None
    mean_ms: float
    p95_at_most_ms: float
    cache_hit: float | None
    claims: Mapping[str, bool | None]
    queries: Sequence[Judged]


def analyze(db: Connection, statements: Sequence[Statement], since: datetime | None) -> Performance:
    """Plan each statement on the real server, without running it, and sum up what was counted of it."""
    planned = [one for one in statements if one.is_planned]
    pages = {(row.schema, row.name): int(row.pages or 0) for row in db.execute(SQL["true_sizes"])}
    tenant = busiest_tenant(raw(db))
    costs = {(one.role, one.query_id): one for one in usage(planned)}
    judged = [
        _judge(costs[one.role, one.query_id], _plan(db, one, tenant), pages)
        for one in sorted(planned, key=lambda one: -one.counted.total_ms)
    ]
    return _summed(judged, planned, since)


def _plan(db: Connection, statement: Statement, tenant: str) -> Plan | None:
    try:
        return explain(raw(db), statement.text, Viewer(statement.role, tenant))
    except NotPlannable:
        return None


def _judge(cost: Usage, plan: Plan | None, pages: Mapping[tuple[str, str], int]) -> Judged:
    if plan is None:
        return Judged(cost, reads_tables=False, indexes=None, whole=())
    whole = sorted(name for schema, name in read_whole(plan) if pages.get((schema, name), 0) > _SMALL_PAGES)
    used = sorted(indexes_used(plan))
    reads = bool(used or read_whole(plan) or (aliases(plan) and plan["Node Type"] != "ModifyTable"))
    return Judged(cost, reads, used, whole)


def _summed(judged: Sequence[Judged], planned: Sequence[Statement], since: datetime | None) -> Performance:
    reading = [one for one in judged if one.indexes is not None and one.reads_tables]
    by_index = [one for one in reading if one.indexes]
    counted = [one.counted for one in planned]
    calls = sum(one.calls for one in counted)
    mean = sum(one.total_ms for one in counted) / calls if calls else 0.0
    hit, touched = sum(one.hit for one in counted), sum(one.hit + one.read for one in counted)
    share = _share(_calls(by_index), _calls(reading))
    return Performance(
        since=since,
        statements=len(judged),
        calls=calls,
        unplanned=sum(one.indexes is None for one in judged),
        index_share_of_calls=share,
        index_share_of_statements=_share(len(by_index), len(reading)),
        whole_share_of_calls=_share(_calls([one for one in reading if one.whole]), _calls(reading)),
        mean_ms=mean,
        p95_at_most_ms=p95_at_most([one.times for one in counted]),
        cache_hit=_share(hit, touched),
        claims={
            "90 % of queries use indexes": None if share is None else share >= CLAIMED_INDEX_SHARE,
            "average under 100 ms": mean < CLAIMED_MEAN_MS if calls else None,
        },
        queries=judged,
    )


def _calls(judged: Sequence[Judged]) -> int:
    return sum(one.usage.calls for one in judged)


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None

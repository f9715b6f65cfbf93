"""Advise on indexes: candidates from the real workload, judged one beside the other on a planner twin.

A statement's time is taken to fall as its planned cost does. That is an estimate, and is told as one; what an
index really gave, `rollbook db slow` shows afterwards.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection

from rollbook.core.progress import Report, Silent
from rollbook.core.settings import Settings
from rollbook.core.sql import named_sql
from rollbook.ops.tuning import indexes
from rollbook.ops.tuning.advice import Advice, Budget, Gain, Proposal, Workload, index_name, statement_of
from rollbook.ops.tuning.candidates import Candidate, Table, candidates
from rollbook.ops.tuning.explaining import (
    NotPlannable,
    Plan,
    Viewer,
    busiest_tenant,
    cost,
    explain,
    indexes_used,
    nodes,
    shape,
)
from rollbook.ops.tuning.looking import Raw, raw
from rollbook.ops.tuning.sizes import Column, btree_bytes
from rollbook.ops.tuning.statements import Statement
from rollbook.ops.tuning.twin import Twin, planner_twin

SQL: Final = named_sql("rollbook.ops.tuning", "advisor.sql")
MOST_STATEMENTS: Final = 100
_SMALLEST_TABLE_PAGES: Final = 16
_LEAST_GAIN: Final = 0.2  # of a statement's cost; less is within the planner's error
_LEAST_SHARE: Final = 0.005  # of the workload's time
# What keeping one entry of an index is taken to cost a writer, in milliseconds. Four times what
# benchmarks/bench_advisor.py measures, where the index is in memory.
WRITE_MS: Final = 0.02
_MORE: Final = 1.01
_MORE_WITH_INCLUDE: Final = 1.25  # it is larger, and what it includes can no longer be updated in place
_TRIED: Final = "rollbook_candidate_"
_TRIED_NAME: Final = re.compile(rf"\b{_TRIED}\d+\b")
_SILENT: Final = Silent()


@dataclass(slots=True)
class _Judged:
    """A statement of the workload on the twin."""

    statement: Statement
    viewer: Viewer
    plan: Plan

    @property
    def tables(self) -> set[Table]:
        return {
            (str(node.get("Schema", "")), str(node["Relation Name"]))
            for node in nodes(self.plan)
            if "Relation Name" in node
        }


def advise(
    settings: Settings,
    db: Connection,
    workload: Workload,
    *,
    budget: Budget | None = None,
    report: Report = _SILENT,
) -> Advice:
    """Say which indexes would pay for ``workload``, and which to drop.

    ``db`` looks at the real database, and changes nothing there.
    Raises: what ``planner_twin`` raises.
    """
    chosen = sorted(
        (one for one in workload.statements if one.is_planned), key=lambda one: -one.counted.total_ms
    )
    tenant = busiest_tenant(raw(db))
    with planner_twin(settings, db, report) as twin:
        with twin.connected() as planner:
            judged = [found for one in chosen[:MOST_STATEMENTS] if (found := _judge(planner, one, tenant))]
        search = _Search(twin, judged, Catalogue.read(db), workload.window_s)
        proposals = search.choose(budget or Budget(), report)
        report.step("Looking at the indexes that are there")
        drops = search.droppable(indexes.drops(db))
        return Advice(
            len(chosen), len(judged), workload.window_s, proposals, drops, twin.unlike, twin.bytes_on_disk()
        )


def _judge(planner: Raw, statement: Statement, tenant: str) -> _Judged | None:
    viewer = Viewer(statement.role, tenant)
    try:
        return _Judged(statement, viewer, explain(planner, statement.text, viewer))
    except NotPlannable:
        return None


@dataclass(frozen=True, slots=True)
class Catalogue:
    """What the real database says of its tables."""

    columns: Mapping[Table, Mapping[str, Column]]
    rows: Mapping[Table, float]
    writes_per_s: Mapping[Table, float]
    roots: Mapping[Table, Table]
    names: Collection[str] = ()

    @classmethod
    def read(cls, db: Connection) -> "Catalogue":
        """Ask ``db`` for all of it."""
        columns: dict[Table, dict[str, Column]] = {}
        for row in db.execute(SQL["columns"], {"least_pages": _SMALLEST_TABLE_PAGES}):
            column = Column(row.name, row.width, row.kinds, packs=row.packs)
            columns.setdefault((row.schema, row.table_name), {})[row.name] = column
        tables = db.execute(SQL["tables"], {"since": indexes.counting(db).since}).all()
        return cls(
            columns,
            {(row.schema, row.name): float(row.rows) for row in tables},
            {(row.schema, row.name): float(row.writes_per_s) for row in tables},
            {(row.schema, row.name): (row.root_schema, row.root) for row in tables},
            frozenset(db.scalars(SQL["taken_names"])),
        )

    def distinct(self) -> dict[Table, dict[str, float]]:
        """Return how many values each column has."""
        return {
            table: {name: column.values(self.rows.get(table, 0)) for name, column in columns.items()}
            for table, columns in self.columns.items()
        }

    def size(self, one: Candidate) -> int:
        """Predict the bytes of an index."""
        known = self.columns[one.table]
        names = (*one.columns, *one.include)
        return btree_bytes(self.rows[one.table], [known[name] for name in names], included=bool(one.include))


class _Search:
    """Greedy: of all candidates the one that saves most, then the best beside it, while one pays."""

    def __init__(self, twin: Twin, judged: Sequence[_Judged], known: Catalogue, window_s: float) -> None:
        self._twin, self._judged, self._known = twin, judged, known
        self._window_s = max(window_s, 1.0)
        self._total_ms = sum(one.statement.counted.total_ms for one in judged) or 1.0
        self._before = [cost(one.plan) for one in judged]
        self._costs = list(self._before)
        self._called: dict[str, str] = {}

    def choose(self, budget: Budget, report: Report) -> list[Proposal]:
        """Return the indexes that pay, the best first."""
        found = candidates((one.plan for one in self._judged), self._known.roots, self._known.distinct())
        wanted = [(f"{_TRIED}{n}", one, self._known.size(one)) for n, one in enumerate(found)]
        report.step(f"Trying {len(wanted)} indexes on the twin")
        made = set(self._twin.build(wanted)) if wanted else set()
        left = {name: (one, size) for name, one, size in wanted if name in made}
        proposals: list[Proposal] = []
        room = budget.size_bytes
        with self._twin.connected() as planner:
            while left and len(proposals) < budget.indexes:
                best = self._best(planner, left, room)
                if best is None:
                    break
                name, plans = best
                one, size = left.pop(name)
                left = {other: each for other, each in left.items() if not _is_variant(each[0], one)}
                self._twin.show((one.table[0], name), shown=True)
                proposals.append(self._proposal(name, one, size, plans))
                room -= size
                self._costs = [
                    cost(plans[at]) if at in plans else before for at, before in enumerate(self._costs)
                ]
        return proposals

    def _best(
        self, planner: Raw, left: dict[str, tuple[Candidate, int]], room: int
    ) -> tuple[str, dict[int, Plan]] | None:
        """Return what saves most with the plans that it changes; forget what never will save."""
        best: tuple[float, str, dict[int, Plan]] | None = None
        for name, (one, size) in sorted(left.items(), key=_by_weight):
            if size > room:
                continue
            plans = self._with(planner, (one.table[0], name), one.table)
            saved = self._saved(plans) - self._write_cost(one)
            if saved <= 0 or not self._pays(plans):
                del left[name]  # beside others it can only save less
            elif best is None or saved > best[0] * (_MORE_WITH_INCLUDE if one.include else _MORE):
                best = (saved, name, plans)
        return (best[1], best[2]) if best else None

    def _with(self, planner: Raw, index: tuple[str, str], table: Table) -> dict[int, Plan]:
        """Return the plans that change for the better with one more index, by the statement's place."""
        self._twin.show(index, shown=True)
        try:
            plans = self._plans(planner, table)
        finally:
            self._twin.show(index, shown=False)
        return {at: plan for at, plan in plans.items() if cost(plan) < self._costs[at] * (1 - _LEAST_GAIN)}

    def _plans(self, planner: Raw, table: Table | None = None) -> dict[int, Plan]:
        roots = self._known.roots
        return {
            at: explain(planner, one.statement.text, one.viewer)
            for at, one in enumerate(self._judged)
            if table is None or table in {roots.get(each, each) for each in one.tables}
        }

    def _saved(self, plans: Mapping[int, Plan]) -> float:
        """Return the estimated milliseconds saved in each second."""
        saved = (self._ms(at) * (1 - cost(plan) / self._costs[at]) for at, plan in plans.items())
        return sum(saved) / self._window_s

    def _ms(self, at: int) -> float:
        """Return what a statement takes in all, with what was chosen so far."""
        return self._judged[at].statement.counted.total_ms * self._costs[at] / self._before[at]

    def _pays(self, plans: Mapping[int, Plan]) -> bool:
        return self._saved(plans) * self._window_s >= self._total_ms * _LEAST_SHARE

    def _write_cost(self, one: Candidate) -> float:
        return self._known.writes_per_s.get(one.table, 0.0) * WRITE_MS

    def _proposal(self, name: str, one: Candidate, size: int, plans: Mapping[int, Plan]) -> Proposal:
        called = index_name(one, {*self._known.names, *self._called.values()})
        self._called[name] = called
        gains = [self._gain(at, plan) for at, plan in plans.items()]
        return Proposal(
            name=called,
            index=one,
            statement=statement_of(called, one),
            size_bytes=size,
            saved_ms_per_s=self._saved(plans),
            writes_per_s=self._known.writes_per_s.get(one.table, 0.0),
            write_cost_ms_per_s=self._write_cost(one),
            gains=sorted(gains, key=lambda gain: gain.after_ms - gain.mean_ms),
        )

    def _gain(self, at: int, plan: Plan) -> Gain:
        statement = self._judged[at].statement
        left = cost(plan) / self._costs[at]
        mean = statement.counted.mean_ms * self._costs[at] / self._before[at]
        return Gain(
            query_id=statement.query_id,
            query=statement.shown,
            calls=statement.counted.calls,
            mean_ms=mean,
            after_ms=mean * left,
            gain=1 - left,
            plan=[_TRIED_NAME.sub(lambda name: self._called[name[0]], line) for line in shape(plan)],
        )

    def droppable(self, found: Sequence[indexes.Drop]) -> list[indexes.Drop]:
        """Return those of ``found`` without which no statement of the workload becomes costlier."""
        used = set[str]()
        with self._twin.connected() as planner:
            for plan in self._plans(planner).values():
                used |= indexes_used(plan)
            return [drop for drop in found if self._is_dispensable(planner, drop, used)]

    def _is_dispensable(self, planner: Raw, drop: indexes.Drop, used: set[str]) -> bool:
        if not used & {drop.name, *drop.parts}:
            return True
        self._twin.show((drop.schema, drop.name), shown=False)
        try:
            plans = self._plans(planner)
        finally:
            self._twin.show((drop.schema, drop.name), shown=True)
        return all(cost(plan) <= self._costs[at] * _MORE for at, plan in plans.items())


def _by_weight(item: tuple[str, tuple[Candidate, int]]) -> tuple[bool, int, int, str]:
    """Put plain and small indexes first: a larger one has to save more."""
    name, (one, size) = item
    return bool(one.include), len(one.keys), size, name


def _is_variant(one: Candidate, chosen: Candidate) -> bool:
    """Say whether ``one`` only includes other columns than ``chosen`` does."""
    return (one.table, one.keys) == (chosen.table, chosen.keys)

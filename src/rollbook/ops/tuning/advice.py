"""What an advice on indexes is made of."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import chain, count

from rollbook.ops.tuning.building import fitting
from rollbook.ops.tuning.candidates import Candidate
from rollbook.ops.tuning.indexes import Drop
from rollbook.ops.tuning.statements import Statement


@dataclass(frozen=True, slots=True)
class Workload:
    """What ran, and within how many seconds."""

    statements: Sequence[Statement]
    window_s: float


@dataclass(frozen=True, slots=True)
class Budget:
    """How much to advise: at most so many indexes, of so many bytes together."""

    indexes: int = 5
    size_bytes: int = 10_000_000_000


@dataclass(frozen=True, slots=True)
class Gain:
    """What an index does for one statement. ``after_ms`` is estimated: ``mean_ms`` by the ratio of costs."""

    query_id: int
    query: str
    calls: int
    mean_ms: float
    after_ms: float
    gain: float
    plan: Sequence[str]


@dataclass(frozen=True, slots=True)
class Proposal:
    """An index that pays. ``writes_per_s``: entries it would have had to take, by the table's counters."""

    name: str
    index: Candidate
    statement: str
    size_bytes: int
    saved_ms_per_s: float
    writes_per_s: float
    write_cost_ms_per_s: float
    gains: Sequence[Gain]


@dataclass(frozen=True, slots=True)
class Advice:
    """What to build and what to drop. ``unlike``: where the twin is not as the database is."""

    statements: int
    judged: int
    window_s: float
    proposals: Sequence[Proposal]
    drops: Sequence[Drop]
    unlike: Sequence[str]
    twin_bytes: int


def index_name(one: Candidate, taken: Collection[str] = ()) -> str:
    """Return what to call an index: by its table and columns, as long as PostgreSQL keeps names.

    ``taken``: names that other indexes have.
    """
    keys = [key.replace(" DESC", "_desc") for key in one.keys]
    name = "_".join(("ix", one.table[1], *keys, *(["inc", *one.include] if one.include else [])))
    numbered = (f"{name}_{number}" for number in count(2))
    return next(found for each in chain([name], numbered) if (found := fitting(each)) not in taken)


def statement_of(name: str, one: Candidate) -> str:
    """Return the statement that builds it, for a person."""
    include = f" INCLUDE ({', '.join(one.include)})" if one.include else ""
    return f"CREATE INDEX CONCURRENTLY {name} ON {'.'.join(one.table)} ({', '.join(one.keys)}){include}"

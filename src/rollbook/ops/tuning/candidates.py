"""Which indexes are worth trying, read off the plans of the workload.

From plans and not by parsing SQL: a plan shows what views, policies and functions come to, names each column
by its table, and says what is compared with what. (pglast would parse; it is under the GPL, and sees none of
that.) A candidate that is of no use costs a moment on the twin, so this is generous.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Final

from rollbook.ops.tuning.explaining import Plan, aliases, conditions, sort_keys

Table = tuple[str, str]
_NAME: Final = r'(?:"(?:[^"]|"")+"|[a-z_][\w$]*)'
_COLUMN: Final = rf"(?P<alias>{_NAME})\.(?P<column>{_NAME})"
_LEFT: Final = re.compile(rf"{_COLUMN}\)*(?:::[\w \[\]\"]+?)?\)* (?P<op><=|>=|=|<|>)(?![<>=~@|&]) ?")
_RIGHT: Final = re.compile(rf"(?<![<>=~!@|&])(?P<op><=|>=|=|<|>) \(*{_COLUMN}(?![\w.])")
_SORTED: Final = re.compile(rf"^\(*{_COLUMN}\)*(?P<down> DESC)?(?: NULLS (?:FIRST|LAST))?$")
_MOST_COLUMNS: Final = 4
_MOST_EQUAL: Final = 5


@dataclass(frozen=True, slots=True, order=True)
class Candidate:
    """An index to try. ``keys`` are columns, with " DESC" where they run down."""

    table: Table
    keys: tuple[str, ...]
    include: tuple[str, ...] = ()

    @property
    def columns(self) -> tuple[str, ...]:
        """Its key columns."""
        return tuple(key.removesuffix(" DESC") for key in self.keys)


@dataclass(slots=True)
class _Compared:
    """What one statement compares of one table."""

    equal: set[str] = field(default_factory=set)
    ranges: set[str] = field(default_factory=set)
    orders: set[tuple[str, ...]] = field(default_factory=set)


def candidates(
    plans: Iterable[Plan], roots: Mapping[Table, Table], distinct: Mapping[Table, Mapping[str, float]]
) -> list[Candidate]:
    """Return indexes that may help one of ``plans``.

    ``roots``: the partitioned table of each partition. ``distinct``: how many values each column has; a table
    that is not there is not looked at.
    """
    compared = [_compared(plan, roots) for plan in plans]
    common = Counter(
        (table, name) for one in compared for table, found in one.items() for name in found.equal
    )
    made = {
        candidate
        for one in compared
        for table, found in one.items()
        if table in distinct
        for candidate in _for_table(table, found, common, distinct[table])
    }
    return sorted(made)


def equal_columns(plan: Plan) -> dict[Table, set[str]]:
    """Return which columns of which tables, or partitions, a plan compares for equality."""
    return {table: found.equal for table, found in _compared(plan, {}).items()}


def _compared(plan: Plan, roots: Mapping[Table, Table]) -> dict[Table, _Compared]:
    tables = {alias: roots.get(table, table) for alias, table in aliases(plan).items()}
    found: dict[Table, _Compared] = {table: _Compared() for table in tables.values()}
    for condition in conditions(plan):
        for match in (*_LEFT.finditer(condition), *_RIGHT.finditer(condition)):
            if (alias := _bare(match["alias"])) in tables:
                kind = found[tables[alias]]
                (kind.equal if match["op"] == "=" else kind.ranges).add(_bare(match["column"]))
    for keys in sort_keys(plan):
        _note_order(keys, tables, found)
    return found


def _note_order(keys: Sequence[str], tables: Mapping[str, Table], found: Mapping[Table, _Compared]) -> None:
    """Note an order by columns of one table, as far as it is by those of the first one's."""
    matches = [_SORTED.match(key) for key in keys]
    if not matches or matches[0] is None or _bare(matches[0]["alias"]) not in tables:
        return
    first = _bare(matches[0]["alias"])
    order = []
    for match in matches:
        if match is None or _bare(match["alias"]) != first:
            break
        order.append(_bare(match["column"]) + (match["down"] or ""))
    found[tables[first]].orders.add(tuple(order))


def _for_table(
    table: Table, found: _Compared, common: Counter[tuple[Table, str]], distinct: Mapping[str, float]
) -> Iterator[Candidate]:
    """Yield candidates of one table: equal ones first, then one range or an order."""
    known = {name for name in found.equal if name in distinct}
    # Those that many statements compare come first, so that one index serves several; then the most telling.
    equal = sorted(known, key=lambda name: (-common[table, name], -distinct[name], name))
    telling = sorted(known, key=lambda name: (-distinct[name], name))[:_MOST_EQUAL]
    tails: list[tuple[str, ...]] = [(), *((name,) for name in sorted(found.ranges & distinct.keys()))]
    tails += [order for order in sorted(found.orders) if all(_plain(key) in distinct for key in order)]
    for size in range(min(len(telling), 3) + 1):
        for chosen in combinations(telling, size):
            head = tuple(name for name in equal if name in chosen)
            for tail in tails:
                keys = (*head, *(key for key in tail if _plain(key) not in head))
                if 0 < len(keys) <= _MOST_COLUMNS:
                    yield Candidate(table, keys)


def _plain(key: str) -> str:
    return key.removesuffix(" DESC")


def _bare(name: str) -> str:
    return name[1:-1].replace('""', '"') if name.startswith('"') else name

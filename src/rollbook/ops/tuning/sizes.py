"""How large a B-tree will be, from statistics: its entries, packed as a build packs them, equal keys once."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

PAGE_BYTES: Final = 8192
_USABLE: Final = (PAGE_BYTES - 24 - 16) * 0.9  # header, special space, fillfactor 90
_ALIGN: Final = 8
_TUPLE_HEADER: Final = 8
_LINE_POINTER: Final = 4
_TID: Final = 6
# A build closes a posting list at a tenth of a page.
_POSTING_BYTES: Final = 808


@dataclass(frozen=True, slots=True)
class Column:
    """Statistics of a column. ``distinct`` as in pg_stats: below 0, minus the share of rows."""

    name: str
    width: int
    distinct: float
    packs: bool = True
    """Whether equal values are equal bytes, so that equal keys are kept once."""

    def values(self, rows: float) -> float:
        """How many values are different among ``rows``."""
        return max(1.0, self.distinct if self.distinct > 0 else -self.distinct * rows)


def btree_bytes(rows: float, columns: Sequence[Column], *, included: bool = False) -> int:
    """Predict the size of an index over ``columns``, freshly built.

    ``included``: it has INCLUDE columns among them, and so keeps each entry by itself.
    """
    if rows < 1:
        return PAGE_BYTES * 2
    key = _aligned(sum(column.width for column in columns))
    distinct = min(rows, math.prod(column.values(rows) for column in columns))
    packs = not included and all(column.packs for column in columns)
    leaf = _packed(rows, distinct, key) if packs else rows * (_TUPLE_HEADER + key + _LINE_POINTER)
    pages = math.ceil(leaf / _USABLE)
    per_inner = max(2.0, _USABLE / (_TUPLE_HEADER + key + _LINE_POINTER))
    inner = pages / (per_inner - 1)
    return int((pages + math.ceil(inner) + 1) * PAGE_BYTES)


def _packed(rows: float, distinct: float, key: int) -> float:
    """Return the bytes of leaves where the rows of one key share entries, each not too long."""
    single = _TUPLE_HEADER + key + _LINE_POINTER
    each = rows / distinct
    in_a_list = max(2.0, (_POSTING_BYTES - key - _TUPLE_HEADER) / _TID)
    if each <= 1:
        return rows * single
    lists = distinct * math.ceil(each / in_a_list)
    return min(rows * single, lists * single + rows * _TID)


def _aligned(size: int) -> int:
    return math.ceil(max(size, 1) / _ALIGN) * _ALIGN

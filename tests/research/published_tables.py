"""Tables of counts for tests: drawn, printed as CSV, and solved by trying every count there can be."""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path

from hypothesis import strategies as st

from rollbook.research.published import Reading, Tables, read_tables

Place = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Drawn:
    """Counts with totals in the last row and column, and which of them are printed as ``*``."""

    counts: tuple[tuple[int, ...], ...]
    hidden: frozenset[Place]

    @property
    def printed(self) -> list[list[str]]:
        """The lines below the headers."""
        return [
            [f"r{row}" if row < len(self.counts) - 1 else "Total"]
            + ["*" if (row, at) in self.hidden else str(count) for at, count in enumerate(counts)]
            for row, counts in enumerate(self.counts)
        ]

    @property
    def headers(self) -> list[str]:
        """The headers: a label, columns, their total."""
        return ["School", *(f"c{at}" for at in range(len(self.counts[0]) - 1)), "Total"]

    def write(self, path: Path) -> Path:
        """Print it as CSV."""
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([self.headers, *self.printed])
        return path


def with_totals(inner: Sequence[Sequence[int]]) -> tuple[tuple[int, ...], ...]:
    """Add a column and a row of totals."""
    rows = [(*row, sum(row)) for row in inner]
    return (*rows, tuple(map(sum, zip(*rows, strict=True))))


@st.composite
def tables(draw: st.DrawFn, *, rows: int = 3, columns: int = 3, most: int = 6, hidden: bool = True) -> Drawn:
    """Draw a small table, and which cells of it are not printed."""
    height, width = draw(st.integers(1, rows)), draw(st.integers(2, columns))
    count = st.integers(0, most)
    inner = draw(st.lists(st.lists(count, min_size=width, max_size=width), min_size=height, max_size=height))
    counts = with_totals(inner)
    places = [(row, at) for row in range(height + 1) for at in range(width + 1)]
    left_out = draw(st.frozensets(st.sampled_from(places), max_size=5)) if hidden else frozenset()
    return Drawn(counts, left_out)


def possible(drawn: Drawn, lowest: int) -> dict[Place, tuple[int, float]]:
    """Return the least and the most of each hidden cell, by trying all counts; infinite where none ends."""
    height, width = len(drawn.counts) - 1, len(drawn.counts[0]) - 1
    free = [(r, c) for r, c in sorted(drawn.hidden) if r < height and c < width]
    most = {place: _most(drawn, place) for place in free}
    bounded = {place: range(lowest, (2 if top is None else top) + 1) for place, top in most.items()}
    seen: dict[Place, list[int]] = {place: [] for place in drawn.hidden}
    for counts in product(*bounded.values()):
        tried = _tried(drawn, dict(zip(free, counts, strict=True)))
        if all(
            tried[r][c] == drawn.counts[r][c] if (r, c) not in drawn.hidden else tried[r][c] >= lowest
            for r in range(height + 1)
            for c in range(width + 1)
        ):
            for row, column in drawn.hidden:
                seen[row, column].append(tried[row][column])
    endless = {place for place, top in most.items() if top is None}
    endless |= {(r, width) for r, _ in endless} | {(height, c) for _, c in endless}
    endless |= {(height, width)} if endless else set()
    return {p: (min(v), float("inf") if p in endless else max(v)) for p, v in seen.items()}


def _most(drawn: Drawn, place: Place) -> int | None:
    """Return the least printed total over a cell."""
    height, width = len(drawn.counts) - 1, len(drawn.counts[0]) - 1
    over = ((place[0], width), (height, place[1]), (height, width))
    return min((drawn.counts[r][c] for r, c in over if (r, c) not in drawn.hidden), default=None)


def _tried(drawn: Drawn, counts: dict[Place, int]) -> tuple[tuple[int, ...], ...]:
    return with_totals(
        [
            [counts.get((r, c), count) for c, count in enumerate(row[:-1])]
            for r, row in enumerate(drawn.counts[:-1])
        ]
    )


def read(path: Path, *more: Path) -> Tables:
    """Read files of one publication."""
    return read_tables([path, *more], Reading())


def lines(*said: str) -> Iterator[bytes]:
    """Yield lines of a file."""
    yield from (f"{line}\n".encode() for line in said)

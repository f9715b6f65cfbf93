"""Published tables, read from CSV: cells known by their labels, so that tables share the totals they share.

One line of headers. The first columns hold labels (school, grade ...), the others counts. A label or header
such as `Total` or `All`, or an empty label, stands for all of its column. A header `Absent: Male` is the
category Male of the measure Absent; a header `Male %` is the share of Male in the measure's total.
"""

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from rollbook.research.errors import (
    CellsRepeated,
    CellUnreadable,
    TableMissing,
    TableShapeless,
    TableTooLarge,
    TableUnreadable,
    TotalsContradict,
)
from rollbook.research.marks import Share, Suppressed, read_count, read_share

MOST_CELLS: Final = 200_000
_LONGEST_FIELD: Final = 10_000
_OF_ALL: Final = re.compile(
    r"(?:grand |sub)?totals?\b.*|overall|all(?: (?:students|schools|districts|grades|genders|groups|races))?"
)
_PERCENT: Final = re.compile(r"(?:(?:%|percent)(?: of)? )?(.*?)(?: ?\(?(?:%|percent)\)?)?", re.IGNORECASE)

# What a cell counts: its measure, and the value of each label that is not a total.
Key = tuple[str, frozenset[tuple[str, str]]]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a cell stands."""

    file: str
    line: int
    row: str
    column: str

    def __str__(self) -> str:
        """Name it as a sum does."""
        return f"{self.row} · {self.column}"


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell: ``count`` is None where it is suppressed, and ``most`` what its mark tells of it."""

    key: Key
    place: Place
    count: int | None
    most: int | None = None


@dataclass(frozen=True, slots=True)
class Percentage:
    """A printed share of one cell in another."""

    part: Key
    whole: Key
    share: Share
    place: Place


@dataclass(slots=True)
class Tables:
    """All cells of one publication, and the columns that were not understood."""

    cells: dict[Key, Cell] = field(default_factory=dict)
    percentages: list[Percentage] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)
    repeated: list[Cell] = field(default_factory=list)
    """Suppressed cells that another table shows."""


@dataclass(frozen=True, slots=True)
class Reading:
    """How to read: how many columns are labels (None: see for yourself), and more words for a total."""

    labels: int | None = None
    totals: Sequence[str] = ()

    def is_total(self, word: str) -> bool:
        """Say whether a label or header stands for all."""
        plain = " ".join(word.casefold().split())
        return bool(_OF_ALL.fullmatch(plain)) or plain in {total.casefold() for total in self.totals}


@dataclass(frozen=True, slots=True)
class Column:
    """A column of counts, or of shares: its measure, and its category, empty for the total."""

    index: int
    header: str
    measure: str
    category: str
    is_share: bool


@dataclass(frozen=True, slots=True)
class Grid:
    """A file as it is: headers, and lines with their numbers."""

    path: Path
    header: list[str]
    lines: list[tuple[int, list[str]]]


def read_tables(paths: Sequence[Path], reading: Reading) -> Tables:
    """Return the cells of ``paths``, which are about the same students.

    Raises: what ``rollbook.research.errors`` has.
    """
    tables = Tables()
    for path in paths:
        grid = read_grid(path)
        _add(tables, grid, reading)
    return tables


def read_grid(path: Path) -> Grid:
    """Return a CSV file's lines, each as wide as its headers.

    Raises: ``TableMissing``; ``TableUnreadable``; ``TableShapeless``; ``TableTooLarge``.
    """
    lines = list(_numbered(path))
    if len(lines) < 2:  # noqa: PLR2004 -- headers, and a line
        raise TableShapeless(path=path, line=len(lines), reason="there is no line of counts")
    (_, header), *rest = lines
    width = len(header)
    if width * len(rest) > MOST_CELLS:
        raise TableTooLarge(path=path, most=MOST_CELLS)
    for number, line in rest:
        if len(line) != width:
            reason = f"{len(line)} cells under {width} headers"
            raise TableShapeless(path=path, line=number, reason=reason)
    header = [" ".join(name.split()) for name in header]
    twice = {name.casefold() for name in header if header.count(name) > 1}
    if twice:
        raise TableShapeless(path=path, line=1, reason="two columns have the same header")
    return Grid(path, header, rest)


def _numbered(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Yield the lines that are not blank."""
    try:
        content = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise TableMissing(path=path, reason=error.strerror or type(error).__name__) from error
    except UnicodeDecodeError as error:
        raise TableUnreadable(path=path, reason="its letters are not in UTF-8") from error
    if "\0" in content:
        raise TableUnreadable(path=path, reason="it holds NUL")
    csv.field_size_limit(_LONGEST_FIELD)
    reader = csv.reader(content.splitlines(keepends=True), strict=True)
    try:
        for line in reader:
            if any(cell.strip() for cell in line):
                yield reader.line_num, line
    except csv.Error as error:
        raise TableUnreadable(path=path, reason=str(error)) from error


def count_labels(grid: Grid, reading: Reading) -> int:
    """Return how many columns hold labels: those before the first, but one, that has only counts."""
    width = len(grid.header)
    if reading.labels is not None:
        if not 0 < reading.labels < width:
            reason = f"--labels {reading.labels} leaves no counts in {width} columns"
            raise TableShapeless(path=grid.path, line=1, reason=reason)
        return reading.labels
    for index in range(1, width):
        said = [line[index] for _, line in grid.lines]
        if all(read_count(cell) is not None for cell in said) and any(map(str.strip, said)):
            return index
    raise TableShapeless(path=grid.path, line=1, reason="no column holds counts")


def read_columns(grid: Grid, labels: int, reading: Reading) -> list[Column]:
    """Return the columns of counts and shares; a measure's only column is its total."""
    columns = [_column(index, grid, reading) for index in range(labels, len(grid.header))]
    alone = {
        one.measure
        for one in columns
        if sum(c.measure == one.measure and not c.is_share for c in columns) == 1
    }
    return [
        Column(c.index, c.header, c.measure, "" if c.measure in alone else c.category, c.is_share)
        for c in columns
    ]


def _says_share(header: str) -> bool:
    return "%" in header or re.search(r"\bpercent\b", header) is not None


def _column(index: int, grid: Grid, reading: Reading) -> Column:
    """Tell what a column is: `Male %` is a share if there is a `Male`, or if it holds no counts."""
    header, others = grid.header[index], {name.casefold() for name in grid.header}
    measure, found, category = header.rpartition(": ")
    plain = category.casefold()
    is_share = _says_share(plain) and any(read_count(line[index]) is None for _, line in grid.lines)
    matched = _PERCENT.fullmatch(plain)
    if _says_share(plain) and matched:
        base = matched[1].strip()
        named = header.casefold().replace(category.casefold(), base)
        is_share = is_share or (named != header.casefold() and named in others)
        plain = base if is_share else plain
    return Column(
        index, header, measure.casefold() if found else "", "" if reading.is_total(plain) else plain, is_share
    )


def _add(tables: Tables, grid: Grid, reading: Reading) -> None:
    labels = count_labels(grid, reading)
    columns = read_columns(grid, labels, reading)
    names = [name.casefold() for name in grid.header[:labels]]
    seen: set[frozenset[tuple[str, str]]] = set()
    for number, line in grid.lines:
        of_row = _labels_of(names, line, reading)
        if of_row in seen:
            raise CellsRepeated(path=grid.path, line=number)
        seen.add(of_row)
        _add_line(tables, grid, columns, (number, line, of_row, labels))
    tables.ignored += [c.header for c in columns if c.is_share and not _is_share_of(c, columns)]


def _labels_of(names: Iterable[str], line: Sequence[str], reading: Reading) -> frozenset[tuple[str, str]]:
    said = ((name, " ".join(label.casefold().split())) for name, label in zip(names, line, strict=False))
    return frozenset((name, label) for name, label in said if label and not reading.is_total(label))


_Line = tuple[int, Sequence[str], frozenset[tuple[str, str]], int]


def _add_line(tables: Tables, grid: Grid, columns: Sequence[Column], line: _Line) -> None:
    number, cells, of_row, labels = line
    row = " / ".join(filter(None, (cell.strip() for cell in cells[:labels]))) or "All"
    for column in columns:
        place = Place(str(grid.path), number, row, column.header)
        if column.is_share:
            share = read_share(cells[column.index])
            if share and _is_share_of(column, columns):
                keys = _key(of_row, column, columns), _key(of_row, column, columns, is_whole=True)
                tables.percentages.append(Percentage(*keys, share, place))
            continue
        said = read_count(cells[column.index])
        if said is None:
            raise CellUnreadable(path=grid.path, line=number, column=column.header)
        _keep(tables, _cell(_key(of_row, column, columns), place, said))


def _cell(key: Key, place: Place, said: int | Suppressed) -> Cell:
    if isinstance(said, int):
        return Cell(key, place, said)
    return Cell(key, place, None, said.most)


def _is_share_of(column: Column, columns: Sequence[Column]) -> bool:
    """Say whether there is a column of counts that this is the share of, and their total."""
    counted = {c.category for c in columns if c.measure == column.measure and not c.is_share}
    return {column.category, ""} <= counted and column.category != ""


def _key(
    of_row: frozenset[tuple[str, str]], column: Column, columns: Sequence[Column], *, is_whole: bool = False
) -> Key:
    """Return what a cell counts. A table's columns are a label of their own, called by what they all are."""
    if is_whole or not column.category:
        return column.measure, of_row
    siblings = {c.category for c in columns if c.measure == column.measure and c.category and not c.is_share}
    return column.measure, of_row | {("|".join(sorted(siblings)), column.category)}


def _keep(tables: Tables, cell: Cell) -> None:
    """Keep what is said of a cell; of two tables that have it, what both tell."""
    before = tables.cells.get(cell.key)
    if before is None:
        tables.cells[cell.key] = cell
        return
    if before.count is not None and cell.count is not None and before.count != cell.count:
        raise TotalsContradict(sum=f"{before.place} is {before.count}, and {cell.count} in {cell.place.file}")
    tables.repeated += [one for one in (before, cell) if one.count is None]
    if before.count is None and cell.count is None:
        tables.repeated.pop()
        tables.repeated.pop()
        known = [most for most in (before.most, cell.most) if most is not None]
        tables.cells[cell.key] = Cell(cell.key, before.place, None, min(known, default=None))
    elif before.count is None:
        tables.cells[cell.key] = cell

"""Columns as PostgreSQL's binary COPY format, a hundred thousand rows at a time.

Every field has a fixed width, so numpy lays out whole rows at once. Absent values are marked: texts by codes,
dates by the type's -infinity, figures by NaN. The statement that reads the staged rows turns them into NULL.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from rollbook.demo.calendar import Array
from rollbook.demo.facts import Column, Columns, Words
from rollbook.demo.ids import UUID_BYTES

HEADER: Final = b"PGCOPY\n\xff\r\n\0" + bytes(8)
TRAILER: Final = b"\xff\xff"
CHUNK_ROWS: Final = 100_000
_EPOCH_DAY: Final = np.datetime64("2000-01-01", "D")
_EPOCH_S: Final = np.datetime64("2000-01-01", "s")
_MICROSECONDS: Final = 1_000_000
_ABSENT: Final = -1  # the size of a field that is NULL
_MINUS_INFINITY: Final = -(2**31)


@dataclass(frozen=True, slots=True)
class Staged:
    """How a column is staged. ``read`` is the SQL that reads it, with {} for its name."""

    sql_type: str
    dtype: str
    read: str = "{}"


def staged_as(values: Column) -> Staged | None:
    """Return how ``values`` are staged in binary; None where they have no fixed width."""
    if isinstance(values, Words):
        return Staged("int4", ">i4")
    kinds = {
        "b": Staged("bool", "u1"),
        "i": Staged("int4", ">i4"),
        "f": Staged("float8", ">f8", "nullif({}, 'NaN')"),
    }
    if values.dtype == UUID_BYTES:
        return Staged("uuid", "V16")
    if values.dtype == np.dtype("datetime64[D]"):
        return Staged("date", ">i4", "nullif({}, '-infinity')")
    if values.dtype == np.dtype("datetime64[s]"):
        return Staged("timestamptz", ">i8")
    return kinds.get(values.dtype.kind)


def encode_as_they_are(columns: Columns, types: Mapping[str, str]) -> Iterator[bytes]:
    """Yield the rows in the binary format with texts in place of codes, for a table of these numpy ``types``.

    Rows of the same texts have the same widths, so they are laid out together: their order is another one.
    """
    words = {name: values for name, values in columns.items() if isinstance(values, Words)}
    combination = np.zeros(len(next(iter(columns.values()))), dtype=int)
    for values in words.values():
        combination = combination * len(values.words) + values.codes
    yield HEADER
    for key in np.unique(combination):
        rows = np.flatnonzero(combination == key)
        for since in range(0, len(rows), CHUNK_ROWS):
            yield _alike(columns, types, rows[since : since + CHUNK_ROWS])
    yield TRAILER


def _alike(columns: Columns, types: Mapping[str, str], rows: Array) -> bytes:
    fields: list[tuple[str, str]] = [("fields", ">i2")]
    values: list[Array | bytes | None] = []
    for n, (name, column) in enumerate(columns.items()):
        chosen = column[rows]
        if isinstance(chosen, Words):
            word = chosen.words[chosen.codes[0]]
            values.append(None if word is None else word.encode())
            kind = f"V{len(word.encode())}" if word else "V0"
        else:
            values.append(_plain(chosen))
            kind = types[name]
        fields += [(f"size_{n}", ">i4"), (f"value_{n}", kind)]
    return _laid_out(np.dtype(fields), len(rows), values)


def _laid_out(layout: np.dtype[np.void], count: int, values: Sequence[Array | bytes | None]) -> bytes:
    rows = np.empty(count, dtype=layout)
    rows["fields"] = len(values)
    for n, column in enumerate(values):
        rows[f"size_{n}"] = _ABSENT if column is None else layout[f"value_{n}"].itemsize
        if column is not None:
            rows[f"value_{n}"] = np.void(column) if isinstance(column, bytes) else column
    return rows.tobytes()


def encode(columns: Columns) -> Iterator[bytes]:
    """Yield the rows in the binary format, its header and trailer included."""
    kinds = {name: staged_as(values) for name, values in columns.items()}
    fields = [("fields", ">i2")]
    for n, kind in enumerate(kinds.values()):
        assert kind is not None
        fields += [(f"size_{n}", ">i4"), (f"value_{n}", kind.dtype)]
    layout = np.dtype(fields)
    plain = [_plain(values) for values in columns.values()]
    count = len(next(iter(columns.values())))
    yield HEADER
    for since in range(0, count, CHUNK_ROWS):
        chunk = [values[since : since + CHUNK_ROWS] for values in plain]
        yield _laid_out(layout, len(chunk[0]), chunk)
    yield TRAILER


def _plain(values: Column) -> Array:
    """Return the numbers, or bytes, that PostgreSQL keeps for ``values``."""
    if isinstance(values, Words):
        return values.codes
    if values.dtype == np.dtype("datetime64[D]"):
        return np.where(np.isnat(values), _MINUS_INFINITY, (values - _EPOCH_DAY).astype("int64"))
    if values.dtype == np.dtype("datetime64[s]"):
        instants: Array = (values - _EPOCH_S).astype("int64") * _MICROSECONDS
        return instants
    return values

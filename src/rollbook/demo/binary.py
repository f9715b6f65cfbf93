"""Columns as PostgreSQL's binary COPY format, a hundred thousand rows at a time.

Every field has a fixed width, so numpy lays out whole rows at once. Absent values are marked: texts by codes,
dates by the type's -infinity, figures by NaN. The statement that reads the staged rows turns them into NULL.
"""

from collections.abc import Iterator
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
        yield _rows(layout, [values[since : since + CHUNK_ROWS] for values in plain])
    yield TRAILER


def _rows(layout: np.dtype[np.void], values: list[Array]) -> bytes:
    rows = np.empty(len(values[0]), dtype=layout)
    rows["fields"] = len(values)
    for n, column in enumerate(values):
        rows[f"size_{n}"] = layout[f"value_{n}"].itemsize
        rows[f"value_{n}"] = column
    return rows.tobytes()


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

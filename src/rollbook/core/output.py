"""What commands print: data to stdout as a table or as JSON, everything else to stderr."""

import csv
import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, is_dataclass
from datetime import date, datetime, time
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Any, Final, TextIO
from uuid import UUID

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from rollbook.core.spreadsheets import spreadsheet_cell

_ANY_WIDTH: Final = 10_000


def as_json(value: object) -> str:
    """Return ``value`` as one JSON document, keys in their order, dates in ISO 8601."""
    return json.dumps(value, default=_plain, ensure_ascii=False, indent=2, allow_nan=False)


def _plain(value: object) -> object:
    match value:
        case datetime() | date() | time():
            return value.isoformat()
        case Decimal():
            return float(value)
        case UUID() | Path():
            return str(value)
        case Enum():
            return value.value
        case _ if is_dataclass(value) and not isinstance(value, type):
            return asdict(value)
    raise TypeError(f"no JSON form for {type(value).__name__}")


def say(message: str) -> None:
    """Tell the person, on stderr."""
    typer.echo(message, err=True)


def print_json(value: object) -> None:
    """Print ``value`` as JSON on stdout."""
    typer.echo(as_json(value))


def print_csv(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print rows as CSV on stdout, safe to open in a spreadsheet."""
    write_csv(sys.stdout, columns, rows)


def write_csv(file: TextIO, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write rows as CSV, safe to open in a spreadsheet."""
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([spreadsheet_cell(value) for value in row] for row in rows)


def print_fields(fields: Mapping[str, Any]) -> None:
    """Print ``name  value`` lines on stdout."""
    width = max(map(len, fields), default=0)
    for name, value in fields.items():
        typer.echo(f"{name:<{width}}  {'-' if value is None else value}")


def print_table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print rows on stdout; numbers are right-aligned and grouped by thousands."""
    cells = [["-" if cell is None else cell for cell in row] for row in rows]
    table = Table(box=None, pad_edge=False, header_style="bold")
    for index, name in enumerate(columns):
        numeric = bool(cells) and all(
            isinstance(row[index], int | float) or row[index] == "-" for row in cells
        )
        table.add_column(name, justify="right" if numeric else "left", no_wrap=True)
    for row in cells:
        table.add_row(*(Text(f"{cell:,}" if isinstance(cell, int) else str(cell)) for cell in row))
    # As wide as its cells: a narrow terminal wraps a line, nothing is cut off.
    Console(width=_ANY_WIDTH).print(table)

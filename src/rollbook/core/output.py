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
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from rollbook.core.errors import Conflict
from rollbook.core.spreadsheets import spreadsheet_cell

_ANY_WIDTH: Final = 10_000
_READABLE: Final = 32
_GAP: Final = 2
_YES: Final = ("y", "yes")


class NotConfirmed(Conflict):
    """Nothing was done: nobody said yes. Where nobody can be asked, say --yes."""


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


def confirm(question: str) -> None:
    """Ask on stderr, and go on only if the answer is yes.

    Raises: ``NotConfirmed``, also where nobody can answer.
    """
    # not typer's own: it writes a blank to stdout, which is for data
    typer.echo(f"{question} [y/N]: ", nl=False, err=True)
    answer = sys.stdin.readline()
    if not answer:
        typer.echo(err=True)
    if answer.strip().lower() not in _YES:
        raise NotConfirmed


def print_table(columns: Sequence[str], rows: Iterable[Sequence[object]], *, empty: str = "") -> None:
    """Print rows on stdout; numbers are right-aligned and grouped by thousands.

    ``empty`` is told on stderr in place of a table without rows: what that means, or what to do.
    """
    cells = [["-" if cell is None else cell for cell in row] for row in rows]
    if empty and not cells:
        say(empty)
        return
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, _GAP, 0, 0))
    for index, name in enumerate(columns):
        numeric = bool(cells) and all(
            isinstance(row[index], int | float) or row[index] == "-" for row in cells
        )
        table.add_column(name, justify="right" if numeric else "left", no_wrap=True)
    texts = [[Text(f"{cell:,}" if isinstance(cell, int) else str(cell)) for cell in row] for row in cells]
    for row in texts:
        table.add_row(*row)
    _print(table, _width_before_last(columns, texts))


def _width_before_last(columns: Sequence[str], rows: Sequence[Sequence[Text]]) -> int:
    """Return how many cells all columns but the last take together."""
    widest = [max([cell_len(name), *(row[at].cell_len for row in rows)]) for at, name in enumerate(columns)]
    return sum(widest[:-1]) + _GAP * len(widest[:-1])


def _print(table: Table, width_before_last: int) -> None:
    """Print the table. On a terminal a long last cell goes on below itself; elsewhere each row is one line.

    Nothing is ever cut off: where a terminal is too narrow for the other columns, it wraps the line.
    """
    screen = Console()
    if screen.is_terminal and screen.width - width_before_last >= _READABLE:
        table.columns[-1].no_wrap = False
        screen.print(table)
        return
    endless = Console(width=_ANY_WIDTH)
    with endless.capture() as captured:
        endless.print(table)
    for line in captured.get().splitlines():
        typer.echo(line.rstrip())

"""An outcome for a person: tables on stdout, what else there is to know on stderr, or one JSON document."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from functools import reduce
from typing import Any

import typer

from rollbook.core import output
from rollbook.intake.diff import TableDiff
from rollbook.intake.outcome import Outcome, TableCounts

_COLUMNS = ("table", "file", "there", "new", "changed", "leaving", "unchanged")


def document(outcome: Outcome) -> dict[str, Any]:
    """Return an outcome as JSON has it."""
    return {
        **asdict(outcome),
        "tables": [{**asdict(one), "leaving": one.leaving} for one in outcome.tables],
        "written": outcome.written,
        "is_refused": outcome.is_refused,
    }


def show(outcome: Outcome, *, as_json: bool) -> None:
    """Print an outcome on stdout, and what needs a look on stderr."""
    if as_json:
        output.print_json(document(outcome))
        return
    output.print_table(_COLUMNS, map(_row, outcome.tables))
    for one in outcome.tables:
        if one.columns:
            changes = ", ".join(f"{name} {rows:,}" for name, rows in one.columns.items())
            output.say(f"{one.table}: changed columns: {changes}")
    typer.echo(_sentence(outcome))
    warn(outcome)


def warn(outcome: Outcome) -> None:
    """Say on stderr what was forgiven, ignored, rejected, and what speaks against the drop."""
    for line in _warnings(outcome):
        output.say(line)


def _warnings(outcome: Outcome) -> Iterable[str]:
    yield from (f"Forgiven: {liberty}" for liberty in outcome.liberties)
    for file in outcome.files:
        if file.ignored_columns:
            yield f"{file.file}: ignored the columns {', '.join(file.ignored_columns)}"
    yield from (f"Rejected: {reject}" for reject in outcome.rejects)
    if outcome.rejected > len(outcome.rejects):
        yield f"... {outcome.rejected:,} rows rejected in all; by cause:"
        yield from (f"  {cause}" for cause in outcome.causes)
    yield from (f"Too much: {objection}" for objection in outcome.objections)


def _row(one: TableDiff) -> tuple[object, ...]:
    return (one.table, one.file, one.present, one.new, one.changed, one.leaving, one.unchanged)


def _sentence(outcome: Outcome) -> str:
    rejected = f", {outcome.rejected:,} rejected" if outcome.rejected else ""
    if outcome.is_dry_run:
        refused = " It would be refused." if outcome.is_refused else ""
        return f"{outcome.tenant}: a dry run, nothing was written{rejected}.{refused}"
    return f"{outcome.tenant}: import {outcome.import_id}, {outcome.written:,} rows written{rejected}"


def counts_in_words(counts: dict[str, Any]) -> str:
    """Say what a receipt's counts are: table by table while that fits a line, else over all tables."""
    written = {table: told for table, one in counts.items() if (told := _written(one))}
    if len(written) <= _TABLES_IN_A_LINE:
        return "; ".join(f"{table}: {told}" for table, told in written.items()) or "nothing"
    return f"{_written(reduce(_plus, counts.values()))} in {len(written)} tables"


def _written(one: Mapping[str, int]) -> str:
    return ", ".join(f"{one[name]:,} {name}" for name in _WRITTEN if one[name])


def _plus(one: Mapping[str, int], other: Mapping[str, int]) -> Mapping[str, int]:
    return {name: one[name] + other[name] for name in _WRITTEN}


_TABLES_IN_A_LINE = 2
_WRITTEN = [name for name in TableCounts.__dataclass_fields__ if name != "unchanged"]

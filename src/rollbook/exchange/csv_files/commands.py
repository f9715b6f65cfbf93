"""`rollbook import csv`: the options that say what a file is, and what to do with it."""

import csv
import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Final

import typer

from rollbook.core import output
from rollbook.core.acting import account
from rollbook.core.errors import Invalid
from rollbook.exchange.csv_files.errors import CompleteUnclear, SchoolNeeded
from rollbook.exchange.csv_files.format import KEY, CsvFormat
from rollbook.exchange.csv_files.kinds import KINDS, kind_of
from rollbook.exchange.csv_files.map_files import read_map, save_map
from rollbook.exchange.csv_files.mapping import CsvMap, choose_known_at
from rollbook.exchange.csv_files.reading import parse_delimiter, parse_encoding
from rollbook.exchange.csv_files.submissions import Submission
from rollbook.intake import options as usual
from rollbook.intake.dates import parse_date_format
from rollbook.intake.kinds import Kind
from rollbook.intake.pipeline import Request

app = typer.Typer()
STDIN: Final = "-"
_KINDS_TOLD: Final = ", ".join(KINDS)


class FileNeeded(Invalid):
    """Say which file, or - for standard input; or --template or --describe to see what is expected."""


class NotAttendance(Invalid):
    """{option} speaks of attendance, not of {kind}."""


@app.command("csv")
def import_csv(  # noqa: PLR0913 -- an option each
    kind: Annotated[str, typer.Argument(help=f"What each line is. One of: {_KINDS_TOLD}.")],
    file: Annotated[
        Path | None,
        typer.Argument(help="CSV file, plain or .gz; - reads standard input.", show_default=False),
    ] = None,
    *,
    columns: Annotated[
        list[str] | None,
        typer.Option(
            "--map",
            help="field=column, field:=value for all lines, or a .toml that --save-map wrote; repeatable.",
        ),
    ] = None,
    words: Annotated[
        list[str] | None, typer.Option("--words", help="What words mean: status:P=present,A=absent.")
    ] = None,
    save: Annotated[Path | None, typer.Option("--save-map", help="Write the mapping to this .toml.")] = None,
    date_format: Annotated[
        str | None, typer.Option(help="How dates are written, such as MM/DD/YYYY; else YYYY-MM-DD.")
    ] = None,
    delimiter: Annotated[str | None, typer.Option(help="What separates columns; tab for a tab.")] = None,
    encoding: Annotated[str | None, typer.Option(help="utf-8, cp1252, latin-1 or utf-16.")] = None,
    known_at: Annotated[
        str | None,
        typer.Option(help="Column, or instant, that says when the source knew this; else it is known now."),
    ] = None,
    complete: Annotated[
        bool, typer.Option("--complete", help="The file names all there is: what it does not name has left.")
    ] = False,
    school: Annotated[str | None, typer.Option(help="Attendance: code of the school it is of.")] = None,
    by_exception: Annotated[
        bool, typer.Option("--by-exception", help="Attendance: who has no mark was present.")
    ] = False,
    submitted_through: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Attendance: last day that is complete.")
    ] = None,
    template: Annotated[
        bool, typer.Option("--template", help="Print a header with an example line, and stop.")
    ] = False,
    describe: Annotated[
        bool, typer.Option("--describe", help="Print each column: its form, whether it is needed; and stop.")
    ] = False,
    tenant: usual.TenantName = None,
    new_tenant: usual.NewTenant = False,
    synthetic: usual.Synthetic = False,
    source: usual.SourceName = KEY,
    max_rejects: usual.MaxRejects = 0,
    accept_shrink: usual.AcceptShrink = None,
    lenient: usual.Lenient = False,
    no_wait: usual.NoWait = False,
    dry_run: usual.DryRun = False,
    html: usual.Html = None,
    json: usual.AsJson = False,
) -> None:
    """Import a CSV file of any shape: students, attendance, grades, incidents and the rest."""
    what = kind_of(kind)
    if template or describe:
        (_print_template if template else _print_fields)(what, json=json)
        return
    if file is None:
        raise FileNeeded
    csv_map = _csv_map(columns or (), words or (), date_format, delimiter, encoding)
    csv_map = choose_known_at(csv_map, known_at).checked(what)
    submission = _submission(what, school, submitted_through, by_exception=by_exception)
    if complete:
        _check_complete(what)
    with _readable(file, what) as path:
        form = CsvFormat(
            what,
            csv_map,
            path.name.removesuffix(".gz"),
            is_complete=complete,
            guesses_dates=date_format is None,
            submission=submission,
        )
        request = Request(
            tenant=usual.name_tenant(tenant, is_new=new_tenant),
            source=source,
            who=account(),
            is_lenient=lenient,
            max_rejects=max_rejects,
            accept_shrink=usual.accepted(accept_shrink),
            is_dry_run=dry_run,
            waits=not no_wait,
            new_tenant=new_tenant,
            is_synthetic=synthetic,
        )
        try:
            usual.bring_in(path, form, request, usual.Shown(as_json=json, html=html))
        finally:
            _tell_mapping(form)
    if save:
        save_map(save, what.name, form.said)


def _csv_map(
    columns: Sequence[str],
    words: Sequence[str],
    date_format: str | None,
    delimiter: str | None,
    encoding: str | None,
) -> CsvMap:
    """Return the mapping of the last file that is named, with all that is said besides."""
    csv_map = CsvMap()
    pairs = [text for text in columns if not text.endswith(".toml") or "=" in text]
    for path in (text for text in columns if text not in pairs):
        csv_map = read_map(Path(path))
    return (
        csv_map.with_pairs(pairs)
        .with_words(words)
        .written(
            date_format=parse_date_format(date_format) if date_format else None,
            delimiter=parse_delimiter(delimiter or csv_map.delimiter),
            encoding=parse_encoding(encoding or csv_map.encoding),
        )
    )


def _submission(
    kind: Kind, school: str | None, through: datetime | None, *, by_exception: bool
) -> Submission | None:
    given = {"--school": school, "--submitted-through": through, "--by-exception": by_exception}
    named = [option for option, value in given.items() if value]
    if named and kind.name != "attendance":
        raise NotAttendance(option=named[0], kind=kind.name)
    if not named:
        return None
    if not school:
        raise SchoolNeeded(option=named[0])
    if by_exception and not through:
        raise SchoolNeeded("--by-exception needs --submitted-through DATE: after it, no mark means nothing.")
    return Submission(school, by_exception, through.date() if through else None)


def _check_complete(kind: Kind) -> None:
    if not any(part.scope for part in kind.parts):
        raise CompleteUnclear(kind=kind.name)


@contextmanager
def _readable(file: Path, kind: Kind) -> Iterator[Path]:
    """Keep standard input on disk while it is imported: it is hashed first, and read then."""
    if str(file) != STDIN:
        yield file
        return
    with TemporaryDirectory(prefix="rollbook-") as folder:
        kept = Path(folder) / f"{kind.name}.csv"
        with kept.open("wb") as copy:
            shutil.copyfileobj(sys.stdin.buffer, copy)
        yield kept


def _tell_mapping(form: CsvFormat) -> None:
    """Say which column was taken for what, where it was not plain."""
    for one in form.mapped:
        if one.field != one.source or one.how == "constant":
            output.say(f"{form.file}: {one}")


def _print_template(kind: Kind, *, json: bool) -> None:
    """Print the header and a line; without a comment, so that it can be imported as it is."""
    if json:
        output.print_json({one.name: one.example for one in kind.fields})
        return
    lines = StringIO()
    writer = csv.writer(lines, lineterminator="\n")
    writer.writerow([one.name for one in kind.fields])
    writer.writerow([one.example for one in kind.fields])
    typer.echo(lines.getvalue(), nl=False)


def _print_fields(kind: Kind, *, json: bool) -> None:
    rows = [
        (name, "yes" if one.is_required else "no", one.value.says, one.says)
        for name, one in kind.by_name.items()
    ]
    columns = ("column", "needed", "form", "meaning")
    if json:
        told = [dict(zip(columns, row, strict=True)) for row in rows]
        output.print_json({"kind": kind.name, "says": kind.says, "columns": told})
        return
    output.say(kind.says)
    output.print_table(columns, rows)

"""Commands of exchange: `rollbook import oulad`."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Final

import typer

from rollbook.attendance.refreshing import refresh_weeks
from rollbook.core import output
from rollbook.core.acting import account
from rollbook.core.progress import progress_bar
from rollbook.core.settings import settings
from rollbook.core.words import many
from rollbook.exchange import oulad
from rollbook.exchange.csv_files.commands import app as csv_files
from rollbook.exchange.oneroster.commands import importing as oneroster
from rollbook.exchange.reject_commands import app as rejects
from rollbook.intake.aftermath import settle_with
from rollbook.intake.commands import app as intake
from rollbook.intake.rejects import Reject
from rollbook.ops.work import running_server

app = typer.Typer(no_args_is_help=True)
for commands in (oneroster, csv_files, intake, rejects):
    app.registered_commands += commands.registered_commands
settle_with("attendance", refresh_weeks)

WITH_FINDINGS: Final = 3


@app.callback()
def bring_in() -> None:
    """Bring data in."""


@app.command("oulad")
def import_oulad(
    directory: Annotated[Path, typer.Argument(help="Folder with the published CSV files, plain or .gz.")],
    *,
    tenant: Annotated[
        str | None, typer.Option(help="Tenant to import into, made if new; else ROLLBOOK_TENANT, else oulad.")
    ] = None,
    max_rejects: Annotated[
        int, typer.Option(min=0, help="Leave out up to this many faulty rows instead of refusing all.")
    ] = 0,
    json: Annotated[bool, typer.Option("--json", help="Print JSON on stdout.")] = False,
) -> None:
    """Import the Open University Learning Analytics Dataset. The same files again change nothing."""
    url = running_server().url
    slug = tenant or settings().tenant or oulad.SLUG
    try:
        with progress_bar() as report:
            summary = oulad.import_oulad(
                url, directory, tenant_slug=slug, max_rejects=max_rejects, who=account(), report=report
            )
    except oulad.ImportRefused as refusal:
        _list_rejects(refusal.rejects.shown, refusal.rejects.total)
        raise
    _show(summary, json=json)
    if summary.rejected:
        raise typer.Exit(WITH_FINDINGS)


def _show(summary: oulad.ImportSummary, *, json: bool) -> None:
    if json:
        output.print_json(summary)
        return
    columns = ("file", "rows read", "rejected", "table", "inserted", "updated", "unchanged")
    output.print_table(columns, _rows(summary))
    for file in summary.files:
        if file.ignored_columns:
            output.say(f"{file.file}: ignored the columns {', '.join(file.ignored_columns)}")
    typer.echo(f"{summary.tenant}: {many(summary.written, 'row')} written")
    _list_rejects(summary.rejects, summary.rejected)


def _rows(summary: oulad.ImportSummary) -> list[tuple[object, ...]]:
    """Return a row for each table, beside the file it comes from, and for each file that is only checked."""
    files = {file.file: file for file in summary.files}
    into = {table.source for table in summary.tables}
    return [
        *(
            (*_read(files.get(t.source), t.source), t.table, t.inserted, t.updated, t.unchanged)
            for t in summary.tables
        ),
        *((*_read(file, name), None, None, None, None) for name, file in files.items() if name not in into),
    ]


def _read(file: oulad.FileSummary | None, name: str) -> tuple[str, int | None, int | None]:
    return (name, file.rows_read, file.rejected) if file else (name, None, None)


def _list_rejects(rejects: Sequence[Reject], total: int) -> None:
    """List rejected rows on stderr."""
    for reject in rejects:
        output.say(f"Rejected: {reject}")
    if total > len(rejects):
        output.say(f"... and {total - len(rejects):,} more")

"""Commands of intake, mounted under `rollbook import`: history, undo, rejects."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from rollbook.core import output
from rollbook.core.acting import account
from rollbook.core.errors import Invalid
from rollbook.intake import receipts
from rollbook.intake import undo as undoing
from rollbook.intake.aftermath import settle
from rollbook.intake.fixup import NoRejects, export_rejects
from rollbook.intake.format import rebuild_format
from rollbook.intake.models import Import
from rollbook.intake.options import (
    AsJson,
    DryRun,
    Html,
    Lenient,
    MaxRejects,
    Shown,
    TenantName,
    bring_in,
)
from rollbook.intake.pipeline import Request
from rollbook.intake.quarantine import SQL, causes_of
from rollbook.intake.showing import counts_in_words
from rollbook.ops.work import Work, work_in

app = typer.Typer(no_args_is_help=True)


class ExportAndRetry(Invalid):
    """Rejects are exported, fixed and then retried: give --export or --retry, not both."""


@app.command()
def history(
    *,
    tenant: TenantName = None,
    limit: Annotated[int, typer.Option(min=1, help="How many of the latest imports.")] = 20,
    json: AsJson = False,
) -> None:
    """List the imports into a tenant, the latest first: who, when, which file, what came of it."""
    with work_in(tenant) as work:
        found = receipts.list_imports(work.db, limit)
    if json:
        output.print_json(found)
        return
    columns = ("import", "state", "format", "source", "who", "started (UTC)", "file", "rejected", "written")
    output.print_table(columns, map(_row, found), empty="Nothing was imported yet: `rollbook import --help`.")


def _row(receipt: receipts.Receipt) -> tuple[object, ...]:
    told = receipt.reason or counts_in_words(receipt.counts)
    started = receipt.started_at.strftime("%Y-%m-%d %H:%M")
    return (
        str(receipt.import_id),
        receipt.state,
        receipt.format,
        receipt.source,
        receipt.who,
        started,
        receipt.file_name,
        receipt.rejected,
        told,
    )


@app.command()
def undo(
    import_id: Annotated[int, typer.Argument(help="Number of the import: see `rollbook import history`.")],
    *,
    tenant: TenantName = None,
    dry_run: DryRun = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    json: AsJson = False,
) -> None:
    """Take an import back: every row as it was before, if nobody has touched the same rows since."""
    if not (yes or dry_run):
        output.confirm(f"This takes back all that import {import_id} wrote. Go on?")
    with work_in(tenant) as work:
        slug = work.tenant.slug
        done = undoing.undo(work.db, work.tenant, import_id, who=account(), is_dry_run=dry_run)
    if json:
        output.print_json(done)
    else:
        rows = ((name, one.removed, one.given_back, one.brought_back) for name, one in done.tables.items())
        output.print_table(("table", "removed", "given back", "brought back"), rows)
        output.say(f"Import {import_id} {'would be' if dry_run else 'was'} undone.")
    if not dry_run:
        settle(slug)


@app.command()
def rejects(  # noqa: PLR0913 -- an option each
    import_id: Annotated[
        int | None, typer.Argument(help="Number of the import; else the latest with rejects.")
    ] = None,
    *,
    export: Annotated[
        Path | None, typer.Option(help="Write the rejected rows to this .csv, or a new folder, to be fixed.")
    ] = None,
    retry: Annotated[
        Path | None, typer.Option(help="Bring in this .csv or folder of fixed rows, and nothing else.")
    ] = None,
    tenant: TenantName = None,
    max_rejects: MaxRejects = 0,
    lenient: Lenient = False,
    dry_run: DryRun = False,
    html: Html = None,
    json: AsJson = False,
) -> None:
    """List rejected rows by what is wrong, write them to a file to be fixed, or bring the fixed ones in."""
    if export and retry:
        raise ExportAndRetry
    with work_in(tenant) as work:
        receipt = _receipt(work, import_id)
        if not retry:
            _list_or_export(work, receipt, export, json=json)
            return
        form = rebuild_format(receipt.format_key, receipt.options)
        request = Request(
            tenant=work.tenant.slug,
            source=receipt.source,
            who=account(),
            is_lenient=lenient,
            max_rejects=max_rejects,
            is_dry_run=dry_run,
            is_synthetic=work.tenant.is_synthetic,
            retry_of=receipt.import_id,
            file_name=_only_file(work, receipt, retry),
        )
    bring_in(retry, form, request, Shown(as_json=json, html=html))


def _receipt(work: Work, import_id: int | None) -> Import:
    found = import_id or work.db.scalar(SQL["latest_with_rejects"])
    if found is None:
        raise NoRejects(import_id="any")
    return receipts.find_import(work.db, found)


def _only_file(work: Work, receipt: Import, retry: Path) -> str | None:
    """Return which file of the drop a single fixed file is, if only one can be meant."""
    rows = work.db.execute(SQL["files_with_rejects"], {"import_id": receipt.import_id}).all()
    return rows[0].file if len(rows) == 1 and retry.suffix == ".csv" else None


def _list_or_export(work: Work, receipt: Import, export: Path | None, *, json: bool) -> None:
    if export:
        written = export_rejects(work.db, receipt, export)
        rows = [(one.file, str(one.path), one.rows) for one in written]
        _print(("file", "written to", "rows"), rows, written, json=json)
    else:
        causes = causes_of(work.db, receipt.import_id)
        groups = [(one.rows, one.file, one.cause) for one in causes]
        found = {"import_id": receipt.import_id, "causes": causes}
        _print(("rows", "file", "cause"), groups, found, json=json)


def _print(columns: Sequence[str], rows: Sequence[Sequence[object]], document: object, *, json: bool) -> None:
    if json:
        output.print_json(document)
    else:
        output.print_table(columns, rows)

"""Commands of intake, mounted under `rollbook import`: history, undo."""

from datetime import UTC
from typing import Annotated

import typer

from rollbook.core import output
from rollbook.core.acting import account
from rollbook.intake import receipts
from rollbook.intake import undo as undoing
from rollbook.intake.aftermath import settle
from rollbook.intake.options import AsJson, DryRun, TenantName
from rollbook.intake.showing import counts_in_words
from rollbook.ops.work import work_in

app = typer.Typer(no_args_is_help=True)


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
    started = f"{receipt.started_at.astimezone(UTC):%Y-%m-%d %H:%M}"
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

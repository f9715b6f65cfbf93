"""The commands `rollbook archive ...`: months made ahead, taken out, asked, brought back."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Any, Final

import typer

from rollbook.core import output
from rollbook.core.errors import Conflict
from rollbook.core.progress import progress_bar
from rollbook.core.words import many
from rollbook.ops.work import running_server, work_in

app = typer.Typer(
    help="Take old months out of the database, ask them, bring them back.", no_args_is_help=True
)

JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON on stdout.")]
TenantOption = Annotated[
    str | None, typer.Option("--tenant", help="The tenant; not needed where there is one.")
]
YesOption = Annotated[bool, typer.Option("--yes", help="Do it.")]
TableArgument = Annotated[str, typer.Argument(help="The table, such as attendance_records.")]
FINDINGS: Final = 3
_MONTH: Final = "%Y-%m"


class RestoreUnconfirmed(Conflict):
    """{rows} rows of {table} {month} would come back, and leave the archive. Say --yes to do so."""


@app.command()
def ahead(
    *,
    months: Annotated[int, typer.Option(min=0, max=120, help="How many after this one.")] = 3,
    json: JsonOption = False,
) -> None:
    """Make this month and the next ones of every table by month, so that no writer has to. For every day."""
    from rollbook.ops.archive.partitions import make_ahead  # noqa: PLC0415 -- loaded when it is called

    made = make_ahead(running_server().owner_url, months)
    if json:
        output.print_json({"made": made})
        return
    output.print_table(("table", "made"), made.items())


@app.command()
def run(
    *,
    table: Annotated[str | None, typer.Option(help="Only this table.")] = None,
    before: Annotated[
        datetime | None, typer.Option(formats=[_MONTH], help="Only months before this one, as 2019-03.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only tell what would go, even with --yes.")
    ] = False,
    yes: YesOption = False,
    json: JsonOption = False,
) -> None:
    """Archive the months that rules of retention let go: to files, proven, and then out of the database.

    Without --yes, only tell. A run that was killed is finished by the next. Exit code 3 if months that are
    old enough have to stay.
    """
    from rollbook.ops.archive import running  # noqa: PLC0415 -- loaded when it is called

    where, until = _keeping(), before.date() if before else None
    found = running.due(where, table=table, before=until)
    done: Sequence[Any] = []
    if yes and not dry_run:
        with progress_bar() as report:
            done = running.run(where, table=table, before=until, report=report)
    is_done = yes and not dry_run
    if json:
        output.print_json({"is_done": is_done, "months": found, "files": done})
    else:
        _show_run(found, done, is_done=is_done)
    if any(one.obstacle for one in found):
        raise typer.Exit(FINDINGS)


def _show_run(found: Sequence[Any], done: Sequence[Any], *, is_done: bool) -> None:
    months = [
        (one.table_name, f"{one.month:%Y-%m}", one.bytes, one.obstacle or ("" if is_done else "would go"))
        for one in found
    ]
    output.print_table(("table", "month", "bytes", ""), months)
    rows = sum(one.row_count for one in done)
    typer.echo(
        f"Archived: {rows:,} rows in {len(done):,} files"
        if is_done
        else "Nothing was archived: say --yes to do so"
    )


@app.command("list")
def list_archives(*, tenant: TenantOption = None, json: JsonOption = False) -> None:
    """List what of a tenant is in the archive, and whether its files are there. Exit code 3 if one is not."""
    from rollbook.ops.archive import catalog, store  # noqa: PLC0415 -- loaded when it is called

    place = store.store_of()
    with work_in(tenant) as work:
        found = catalog.find(work.db)
    there = [place.has(one.file, one.size_bytes) for one in found]
    if json:
        output.print_json(
            [{"archive": one, "is_there": is_there} for one, is_there in zip(found, there, strict=True)]
        )
    else:
        rows = [
            (one.table_name, f"{one.month:%Y-%m}", one.row_count, one.size_bytes, one.file, _there(is_there))
            for one, is_there in zip(found, there, strict=True)
        ]
        columns = ("table", "month", "rows", "bytes", "file", "")
        output.print_table(
            columns, rows, empty="Nothing is archived yet: `rollbook archive run` says what may be."
        )
    if not all(there):
        raise typer.Exit(FINDINGS)


def _there(is_there: bool) -> str:
    return "" if is_there else "missing or cut off"


@app.command()
def query(
    question: Annotated[str, typer.Argument(metavar="SQL", help="One SELECT, in DuckDB's SQL.")],
    *,
    csv: Annotated[bool, typer.Option("--csv", help="Print CSV on stdout.")] = False,
    tenant: TenantOption = None,
    json: JsonOption = False,
) -> None:
    """Ask a tenant's tables, with their archived months.

    Whose rows it reads is noted in the disclosure log first, as for an export: every student of the tenant.
    """
    from rollbook.audit.reading import by_command, disclose_everybody  # noqa: PLC0415 -- loaded when called
    from rollbook.ops.archive.querying import query  # noqa: PLC0415 -- likewise
    from rollbook.ops.archive.store import store_of  # noqa: PLC0415 -- likewise

    with work_in(tenant) as work:
        answer = query(work.db, store_of(), question)
        disclose_everybody(work.db, by_command())
    if json:
        output.print_json([dict(zip(answer.columns, row, strict=True)) for row in answer.rows])
    elif csv:
        output.print_csv(answer.columns, answer.rows)
    else:
        output.print_table(answer.columns, answer.rows)
    output.say(f"{answer.archived:,} rows of the archive were read")


@app.command()
def restore(
    table: TableArgument,
    month: Annotated[str, typer.Argument(help="The month, such as 2019-03.")],
    *,
    yes: YesOption = False,
    tenant: TenantOption = None,
    json: JsonOption = False,
) -> None:
    """Put an archived month of a tenant back into its table, exactly as it was.

    It is archived again by the next run, unless what a tenant keeps was set to longer meanwhile.
    """
    from rollbook.ops.archive import catalog, restoring  # noqa: PLC0415 -- loaded when it is called

    first_day = _month(month)
    with work_in(tenant) as work:
        found = catalog.find_one(work.db, table, first_day)
    if not yes:
        raise RestoreUnconfirmed(rows=f"{found.row_count:,}", table=table, month=month)
    with progress_bar() as report:
        done = restoring.restore(_keeping(), found.tenant_id, table, first_day, report)
    if json:
        output.print_json({"restored": done})
        return
    typer.echo(f"Restored: {many(done.row_count, 'row')} of {table} {month}")


def _month(said: str) -> date:
    from rollbook.ops.archive.errors import MonthInvalid  # noqa: PLC0415 -- loaded when it is called

    try:
        return datetime.strptime(said, _MONTH).date()  # noqa: DTZ007 -- a month, of no zone
    except ValueError:
        raise MonthInvalid(month=said) from None


@app.command()
def forget(*, tenant: TenantOption = None, json: JsonOption = False) -> None:
    """Take out of the archive the rows of people who were erased. For every day, after erasures.

    An erasure does so itself; this finishes one that was interrupted, or whose archive was not at hand.
    """
    from rollbook.ops.archive.rewriting import forget_gone  # noqa: PLC0415 -- loaded when it is called

    with progress_bar() as report:
        forgotten = forget_gone(_keeping(), _tenant_id(tenant), report)
    if json:
        output.print_json({"forgotten": forgotten})
        return
    output.print_table(
        ("table", "rows", "files"), [(one.table_name, one.rows, one.files) for one in forgotten]
    )


def _tenant_id(slug: str | None) -> int | None:
    """Return the tenant that is named; none is all of them."""
    if slug is None:
        return None
    with work_in(slug) as work:
        return work.tenant.tenant_id


@app.command()
def rekey(*, json: JsonOption = False) -> None:
    """Write the archive's files anew with the key ring's present key, after `rollbook keys rotate`."""
    from rollbook.ops.archive import rewriting  # noqa: PLC0415 -- loaded when it is called

    with progress_bar() as report:
        written = rewriting.rekey(_keeping(), report)
    if json:
        output.print_json({"files": written})
        return
    typer.echo(f"Written anew: {many(written, 'file')}")


def _keeping() -> Any:  # noqa: ANN401 -- what it is, is loaded below
    from rollbook.privacy.archiving import keeping_here  # noqa: PLC0415 -- loads every room

    return keeping_here()

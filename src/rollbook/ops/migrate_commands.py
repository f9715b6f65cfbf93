"""Commands of the schema: migrate up, down, status."""

from typing import Annotated, Final

import typer

from rollbook.core import output
from rollbook.core.progress import progress_bar
from rollbook.ops import migrate
from rollbook.ops.migrate import Revision
from rollbook.ops.work import running_server

app = typer.Typer(help="Bring the schema forth or back, or say where it is.")

FINDINGS: Final = 3

Json = Annotated[bool, typer.Option("--json", help="Print JSON on stdout.")]


@app.callback(invoke_without_command=True)
def _default(context: typer.Context) -> None:
    """Bring the schema forth or back, or say where it is. Alone, it does `up`."""
    if context.invoked_subcommand is None:
        up()


@app.command()
def up(
    *,
    to: Annotated[str, typer.Option(help="Revision to stop at.")] = "head",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only list what would be applied.")] = False,
    json: Json = False,
) -> None:
    """Apply the migrations that are missing. Safe while Rollbook serves; two at once take turns."""
    url = running_server().owner_url
    if dry_run:
        _show(migrate.pending(url, to), json=json)
        return
    with progress_bar() as report:
        done = migrate.upgrade(url, to, report)
    _show(done, json=json)
    output.say(f"{len(done)} migrations applied." if done else "The schema is up to date.")


@app.command()
def down(
    *,
    to: Annotated[str, typer.Option(help="Revision to go back to; 'base' undoes all.")] = "-1",
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    json: Json = False,
) -> None:
    """Undo migrations, by default the last one. Tables that they made go, with their rows."""
    url = running_server().owner_url
    if not yes:
        typer.confirm("This drops tables and the rows in them. Go on?", abort=True, err=True)
    with progress_bar() as report:
        undone = migrate.downgrade(url, to, report)
    _show(undone, json=json)
    output.say(f"{len(undone)} migrations undone.")


@app.command()
def status(*, json: Json = False) -> None:
    """Say which migration the schema is at and which are missing. Exit code 3 if any is."""
    url = running_server().owner_url
    current, pending = migrate.current(url), migrate.pending(url)
    if json:
        output.print_json({"current": current, "pending": pending})
    else:
        output.print_fields({"current": f"{current.id}  {current.title}" if current else None})
        for step in pending:
            output.print_fields({"pending": f"{step.id}  {step.title}"})
    if pending:
        raise typer.Exit(FINDINGS)


def _show(steps: list[Revision], *, json: bool) -> None:
    if json:
        output.print_json(steps)
    elif steps:
        output.print_table(("revision", "what it does"), [(step.id, step.title) for step in steps])

"""Commands of the database: its schema forth and back, what a migration would do, how it is connected."""

import textwrap
from typing import TYPE_CHECKING, Annotated, Final

import typer

from rollbook.core import output
from rollbook.core.progress import progress_bar
from rollbook.core.settings import settings
from rollbook.ops import migrate as migrating
from rollbook.ops.migrate import Revision
from rollbook.ops.runs import remembered
from rollbook.ops.tuning.commands import app as tuning
from rollbook.ops.work import running_server

if TYPE_CHECKING:
    from rollbook.ops.lens.explaining import Explanation

app = typer.Typer(
    help="The database: its schema, how it is connected, and what is slow.", no_args_is_help=True
)
app.add_typer(tuning)

FINDINGS: Final = 3
_WIDTH: Final = 110

Json = Annotated[bool, typer.Option("--json", help="Print JSON on stdout.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]
Patience = Annotated[
    float, typer.Option(min=0, help="Seconds to try each migration again while locks are in its way.")
]


@app.command()
def migrate(
    *,
    to: Annotated[str, typer.Option(help="Revision to stop at.")] = "head",
    patience: Patience = migrating.PATIENCE_S,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only list what would be applied.")] = False,
    json: Json = False,
) -> None:
    """Apply the migrations that are missing. Safe while Rollbook serves; two at once take turns.

    None waits long for a lock, since everybody would wait behind it: it is tried again instead.
    """
    url = running_server().owner_url
    if dry_run:
        _show(migrating.pending(url, to), json=json)
        return
    with progress_bar() as report, remembered(url, "db.migrate") as facts:
        done = migrating.upgrade(url, to, report, patience_s=patience)
        facts.update({"to": done[-1].id, "migrations": len(done)} if done else {})
    _show(done, json=json)
    output.say(f"{len(done)} migrations applied." if done else "The schema is up to date.")


@app.command()
def rollback(
    count: Annotated[int, typer.Argument(min=1, metavar="[N]", help="How many migrations.")] = 1,
    *,
    to: Annotated[str | None, typer.Option(help="Revision to go back to instead; 'base' undoes all.")] = None,
    patience: Patience = migrating.PATIENCE_S,
    yes: Yes = False,
    json: Json = False,
) -> None:
    """Undo migrations, by default the last one. Tables that they made go, with their rows."""
    url = running_server().owner_url
    if not yes:
        typer.confirm("This drops tables and the rows in them. Go on?", abort=True, err=True)
    with progress_bar() as report, remembered(url, "db.rollback") as facts:
        undone = migrating.downgrade(url, to or f"-{count}", report, patience_s=patience)
        facts.update({"undone": [step.id for step in undone]} if undone else {})
    _show(undone, json=json)
    output.say(f"{len(undone)} migrations undone.")


@app.command()
def status(*, json: Json = False) -> None:
    """Say which migration the schema is at and which are missing. Exit code 3 if any is."""
    url = running_server().owner_url
    current, pending = migrating.current(url), migrating.pending(url)
    if json:
        output.print_json({"current": current, "pending": pending})
    else:
        output.print_fields({"current": f"{current.id}  {current.title}" if current else None})
        for step in pending:
            output.print_fields({"pending": f"{step.id}  {step.title}"})
    if pending:
        raise typer.Exit(FINDINGS)


@app.command()
def force(
    revision: Annotated[str, typer.Argument(help="Revision to note; 'base' is none, 'head' the newest.")],
    *,
    yes: Yes = False,
    json: Json = False,
) -> None:
    """Note that the schema is at a revision, and change nothing else. For after a repair by hand."""
    url = running_server().owner_url
    if not yes:
        typer.confirm(
            f"This only notes {revision}: a schema that differs breaks later. Go on?", abort=True, err=True
        )
    with progress_bar() as report, remembered(url, "db.force") as facts:
        noted = migrating.force(url, revision, report)
        facts["to"] = noted.id if noted else "base"
    _show([noted] if noted else [], json=json)
    output.say(f"The schema counts as {noted.id if noted else 'empty'} now.")


@app.command()
def reset(
    *,
    database: Annotated[
        str | None, typer.Option(help="On a server that Rollbook does not run: the database that you mean.")
    ] = None,
    yes: Yes = False,
    json: Json = False,
) -> None:
    """Drop everything in the database, of all tenants, and build the schema anew, empty.

    A server in ROLLBOOK_DATABASE_URL is refused unless --database names what is to be emptied.
    """
    from rollbook.ops.resetting import reset as begin_anew  # noqa: PLC0415 -- `status` needs no server

    url = running_server().owner_url
    if not yes:
        typer.confirm("This drops every row of every tenant. Go on?", abort=True, err=True)
    with progress_bar() as report, remembered(url, "db.reset") as facts:
        done = begin_anew(settings(), database=database, report=report)
        facts.update({"to": done[-1].id, "migrations": len(done)})
    _show(done, json=json)
    output.say("The database is empty and up to date.")


@app.command()
def explain(
    revision: Annotated[str, typer.Argument(help="A migration that is missing, or one that is applied.")],
    *,
    sample: Annotated[
        float, typer.Option(min=0, max=3600, help="Seconds over which reads and writes are counted.")
    ] = 2.0,
    json: Json = False,
) -> None:
    """Say what a migration would lock, rewrite and read, and who would wait how long. Changes nothing.

    Each statement is tried on an empty copy of the schema, on a server of its own. Exit code 3 if somebody
    would wait for a second or longer.
    """
    from rollbook.ops.lens.explaining import explain as look  # noqa: PLC0415 -- only this command needs it

    url = running_server().owner_url
    with progress_bar() as report:
        found = look(url, revision, sample_s=sample, report=report)
    if json:
        output.print_json(found)
    else:
        _tell(found)
    if not found.is_safe:
        raise typer.Exit(FINDINGS)


@app.command("test")
def try_connecting(*, json: Json = False) -> None:
    """Try the connection: reach, TLS, roles, writing, pool, tenants, Redis. Exit code 3 with findings.

    What is written is rolled back. Through a pooler it also tries whether one client finds what another set.
    """
    from rollbook.ops.connection.trying import try_connection  # noqa: PLC0415 -- only this command needs it

    state = running_server()
    with progress_bar() as report:
        found = try_connection(state, report)
    if json:
        output.print_json(found)
    else:
        rows = [(check.name, check.state.value, check.sentence) for check in found.checks]
        output.print_table(("check", "state", "what was found"), rows)
        for check in found.checks:
            if check.mend:
                output.say(f"{check.name}: {check.mend}")
    if not found.is_fine:
        raise typer.Exit(FINDINGS)


def _tell(found: "Explanation") -> None:
    for made in found.migrations:
        typer.echo(f"{made.revision}  {made.title}")
        for step in made.steps:
            typer.echo(f"  {textwrap.shorten(step.effect.statement, _WIDTH, placeholder=' ...')}")
            for sentence in step.sentences:
                typer.echo(f"    {sentence}")
        for sentence in made.sentences:
            typer.echo(f"  => {sentence}")
    if found.caveat:
        output.say(found.caveat)


def _show(steps: list[Revision], *, json: bool) -> None:
    if json:
        output.print_json(steps)
    elif steps:
        output.print_table(("revision", "what it does"), [(step.id, step.title) for step in steps])

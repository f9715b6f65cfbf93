"""The command `rollbook prod-setup`."""

from pathlib import Path
from typing import Annotated, Final

import typer

from rollbook.core import output
from rollbook.core.checks import State
from rollbook.core.progress import progress_bar
from rollbook.core.settings import settings

app = typer.Typer()

WITH_FINDINGS: Final = 3


@app.command("prod-setup")
def prod_setup(
    *,
    app_url: Annotated[
        Path | None, typer.Option(help="Write the URL of the application's role into this file.")
    ] = None,
    owner_url: Annotated[
        Path | None, typer.Option(help="Write the URL of the tables' owner into this file.")
    ] = None,
    backup_url: Annotated[
        Path | None,
        typer.Option(
            help="On a server that somebody else runs: make a role for backups; write its URL here."
        ),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON on stdout.")] = False,
) -> None:
    """Set up for production, asking nothing: roles, grants, keys, secrets closed to others, schema, doctor.

    Run it again after each upgrade: what is there stays. What is left for you to do comes last; exit code 3
    if any of it is wrong, so that data may leak or be lost. What can wait, as the first backup, is not.
    """
    from rollbook.reporting.production import set_up  # noqa: PLC0415 -- loads what the doctor looks at

    with progress_bar() as report:
        done = list(set_up(settings(), report, app_url=app_url, owner_url=owner_url, backup_url=backup_url))
    if json:
        output.print_json(done)
    else:
        output.print_table(("step", "", "what was done"), [(d.step, d.state.value, d.sentence) for d in done])
        for one in done:
            if one.mend:
                typer.echo(f"To mend {one.step}: {one.mend}")
    if any(one.state is State.WRONG for one in done):
        raise typer.Exit(WITH_FINDINGS)

"""The command that configures a pooler."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from rollbook.core import output
from rollbook.core.settings import settings

app = typer.Typer(help="Put pgbouncer between Rollbook and the database.")


@app.callback()
def _pooler() -> None:
    """Put pgbouncer between Rollbook and the database."""


@app.command()
def write(
    folder: Annotated[Path, typer.Argument(help="Folder to write into; it is made if it is not there.")],
    *,
    listen: Annotated[str, typer.Option(help="Address that pgbouncer is to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Its port.")] = 6432,
    json: Annotated[bool, typer.Option("--json", help="Print JSON on stdout.")] = False,
) -> None:
    """Write pgbouncer.ini and users.txt for this installation, sized by the settings."""
    from rollbook.ops import pooler  # noqa: PLC0415 -- not for --help

    done = pooler.write(settings(), folder, listen=listen, listen_port=port)
    if json:
        output.print_json(asdict(done))
    output.say(f"Wrote {done.configuration} and {done.users}: {done.pool_size} connections to the server.")
    if done.holds_password:
        output.say("users.txt holds the password itself: the server does not let us read its verifier.")
    output.say(f"Start pgbouncer with it, then set ROLLBOOK_DATABASE_URL to {done.url}")
    output.say("with the role's password, and ROLLBOOK_OWNER_URL straight to the server.")

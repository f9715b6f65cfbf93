"""Commands of exchange that write data out: `rollbook export oneroster`."""

import typer

from rollbook.exchange.oneroster.commands import exporting

app = typer.Typer(no_args_is_help=True)
app.registered_commands += exporting.registered_commands


@app.callback()
def hand_out() -> None:
    """Write data out."""

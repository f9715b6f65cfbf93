"""The commands `rollbook privacy ...`, of the rooms that have any."""

import typer

from rollbook.research.table_commands import app as tables

app = typer.Typer(no_args_is_help=True)
for commands in (tables,):
    app.registered_commands += commands.registered_commands


@app.callback()
def privacy() -> None:
    """Give and publish no more about students than may be told."""

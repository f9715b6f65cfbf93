"""Commands of the database itself: `rollbook db ...`."""

import typer

from rollbook.ops.tuning.commands import app as tuning

app = typer.Typer(help="Look after the database.", no_args_is_help=True)
app.add_typer(tuning)

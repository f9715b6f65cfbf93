"""The commands `rollbook backup ...`, and when backups are made."""

from typing import Annotated, Final

import typer
from sqlalchemy.orm import Session

from rollbook.core import output
from rollbook.core.database import engine_for
from rollbook.ops.jobs import schedules
from rollbook.ops.jobs.errors import ScheduleUnknown
from rollbook.ops.work import running_server
from rollbook.reporting.backup_commands import app
from rollbook.worker.catalogue import SCHEDULES
from rollbook.worker.commands import shown, told

__all__ = ["app"]

OF_BACKUPS: Final = ("backup", "dump", "prune", "verify", "drill")


@app.command()
def schedule(
    name: Annotated[
        str | None, typer.Argument(help="One of backup, dump, prune, verify, drill; none lists them.")
    ] = None,
    *,
    at: Annotated[str | None, typer.Option(help="When: cron's five fields, as '30 1 * * *'.")] = None,
    off: Annotated[bool, typer.Option("--off", help="Switch it off.")] = False,
    on: Annotated[bool, typer.Option("--on", help="Switch it on, at the time of its release.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print JSON on stdout.")] = False,
) -> None:
    """Show when the worker makes, prunes, reads and proves backups; or say when."""
    if name is not None and name not in OF_BACKUPS:
        raise ScheduleUnknown(name=name)
    if (at is not None) + off + on > 1 or ((at or off or on) and name is None):
        raise typer.BadParameter("name one schedule, with one of --at, --off, --on")
    with Session(engine_for(running_server().owner_url)) as db, db.begin():
        if name is not None and (at or off or on):
            schedules.change(db, SCHEDULES, name, cron=at, is_off=off)
        found = {one.chosen.name: told(one) for one in schedules.describe(db, SCHEDULES)}
    wanted = [found[one] for one in OF_BACKUPS if one in found and name in {None, one}]
    if json:
        output.print_json(wanted)
        return
    keys = ("name", "cron", "next_at", "last_began_at", "last_outcome", "sentence")
    columns = ("schedule", "when", "due next", "last began", "ended", "what it does")
    output.print_table(columns, [[shown(one[key]) for key in keys] for one in wanted])

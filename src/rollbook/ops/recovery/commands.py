"""Commands of physical backups: restore, drill, wal, point, discard. They never print a key."""

import signal
from dataclasses import asdict
from pathlib import Path
from threading import Event
from typing import Annotated, Final

import typer

from rollbook.core import output
from rollbook.core.progress import progress_bar
from rollbook.core.settings import settings
from rollbook.ops import server
from rollbook.ops.backup.noting import noted_if_possible
from rollbook.ops.backup.vault import open_vault
from rollbook.ops.embedded import home_of
from rollbook.ops.recovery.lsn import show_lsn
from rollbook.ops.recovery.restoring import Restored
from rollbook.ops.recovery.targets import parse_target, plan

app = typer.Typer()

FINDINGS: Final = 3

Json = Annotated[bool, typer.Option("--json", help="Print JSON on stdout.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]


@app.command()
def drill(
    backup: Annotated[str, typer.Argument(help="Id of a backup; the newest by default.")] = "latest",
    *,
    json: Json = False,
) -> None:
    """Prove a backup: restore it in private from the repository alone, replay, check, compare, record.

    Nothing of the live server is touched. Exit code 3 if anything is not as it was.
    """
    from rollbook.ops.recovery.drilling import held_drill  # noqa: PLC0415 -- loads much

    with progress_bar() as report:
        proof = held_drill(settings(), open_vault(settings(), report), backup)
    if json:
        output.print_json(proof)
    else:
        output.print_fields({name: value for name, value in asdict(proof).items() if name != "seconds"})
    if not proof.is_proven:
        output.say(f"NOT PROVEN: {'; '.join(proof.findings)}")
        raise typer.Exit(FINDINGS)
    output.say(f"Proven: all of it was there again after {proof.rto_s:.1f} s.")


@app.command()
def wal(
    *,
    stop: Annotated[
        bool, typer.Option("--stop", help="End archiving and drop the slot: the server keeps nothing for it.")
    ] = False,
    json: Json = False,
) -> None:
    """Archive the server's log into the repository as it is written, until Ctrl-C.

    With it any moment can be restored. Killed, it goes on where it was.
    """
    from rollbook.ops.recovery import wal_receiver  # noqa: PLC0415 -- loads the driver

    if stop:
        ended = wal_receiver.stop_archiving(settings())
        output.say("The log is not archived any more." if ended else "The log was not archived.")
        if json:
            output.print_json({"stopped": ended})
        return
    ending = Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ending.set())
    with progress_bar() as report:
        wal_receiver.archive(settings(), open_vault(settings(), report, tell=output.say), ending)
    if json:
        output.print_json({"stopped": True})


@app.command()
def point(
    name: Annotated[str, typer.Argument(help="Name of the moment, such as before-import.")],
    *,
    json: Json = False,
) -> None:
    """Name this moment, to restore to it: `rollbook backup restore latest --to NAME`."""
    from rollbook.ops.recovery.points import make_point  # noqa: PLC0415 -- loads the driver

    made = make_point(settings(), open_vault(settings(), tell=output.say), name)
    if json:
        output.print_json({"name": name, "lsn": show_lsn(made.lsn), "at": made.at})
    else:
        output.print_fields({"point": name, "lsn": show_lsn(made.lsn), "at": made.at})


@app.command()
def discard(*, yes: Yes = False, json: Json = False) -> None:
    """Remove the data directories that restores put aside."""
    from rollbook.ops import swap  # noqa: PLC0415 -- with the others

    home = home_of(settings())
    found = swap.set_aside(home)
    if found and not yes:
        output.confirm(f"Remove {', '.join(map(str, found))}?")
    gone = swap.discard(home)
    if json:
        output.print_json({"removed": gone})
    output.say(f"{len(gone)} data directories were removed.")


def restore_physical(backup: str, to: str | None, into: Path | None, *, yes: bool, json: bool) -> None:
    """Restore a physical backup: into a folder, or in the place of Rollbook's own server."""
    from rollbook.ops.recovery import restoring  # noqa: PLC0415 -- loads much

    chosen = settings()
    plan(open_vault(chosen), backup, parse_target(to))
    if into is None:
        _ask(yes=yes)
    with progress_bar() as report:
        vault = open_vault(chosen, report)
        if into is None:
            done = restoring.restore_home(chosen, vault, backup, to)
        else:
            done = restoring.restore_into(chosen, vault, into, backup, to)
    _note(done)
    if json:
        output.print_json(done)
    else:
        output.print_fields(asdict(done))
    if done.aside is not None:
        output.say(f"What was there before is kept in {done.aside}; `rollbook backup discard` removes it.")
        output.say("Now make a new base backup: `rollbook backup create --base`.")


def _ask(*, yes: bool) -> None:
    home = home_of(settings())
    if not yes and home.data.exists() and not server.is_external(settings()):
        told = f"Everything written to {home.data} since then is taken out of use. Go on?"
        output.confirm(told)


def _note(done: Restored) -> None:
    """Note it afterwards: what was noted before went with the database that it took the place of."""
    with noted_if_possible(settings(), "backup.restore") as run:
        run.facts |= {"backup_id": done.backup_id, "target": done.target, "seconds": done.seconds}

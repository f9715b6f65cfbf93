"""Commands of the server: up, down, status, logs."""

import time
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Final

import typer

from rollbook.core import output
from rollbook.core.progress import Report, progress_bar
from rollbook.core.settings import settings
from rollbook.ops import server
from rollbook.ops.errors import LogElsewhere, ServerNotRunning

app = typer.Typer()

NOT_RUNNING: Final = 3
_FOLLOW_EVERY_S: Final = 0.2
_NO_ANSWER: Final = "The server in ROLLBOOK_DATABASE_URL does not answer; `rollbook up` says why."

Json = Annotated[bool, typer.Option("--json", help="Print JSON on stdout.")]


@app.command()
def up(
    *,
    migrate: Annotated[bool, typer.Option(help="Bring the schema up to date as well.")] = True,
    json: Json = False,
) -> None:
    """Start PostgreSQL, or find it running, with its replicas, and bring the schema up to date.

    Again is harmless, also after a crash. A replica that was stopped on purpose stays so.
    """
    from rollbook.ops.replicas.together import start_all  # noqa: PLC0415 -- not for --help

    with progress_bar() as report:
        state = server.up(report=report)
        if migrate:
            _upgrade(state.owner_url, report)
        ailing = start_all(settings(), report)
    for sentence in ailing:
        output.say(sentence)
    _show(state, json=json)


@app.command()
def down(*, json: Json = False) -> None:
    """Stop PostgreSQL, ending its sessions, then its replicas, which have everything by then.

    A server in ROLLBOOK_DATABASE_URL is left running.
    """
    from rollbook.ops.replicas.together import stop_all  # noqa: PLC0415 -- not for --help

    if server.is_external(settings()):
        output.say("The server in ROLLBOOK_DATABASE_URL is not run by Rollbook; it is left as it is.")
        stopped = False
    else:
        with progress_bar() as report:
            stopped = server.down(report=report)
            stop_all(settings(), report)
        output.say("PostgreSQL has stopped." if stopped else "PostgreSQL was not running.")
    if json:
        output.print_json({"stopped": stopped})


@app.command()
def status(*, json: Json = False) -> None:
    """Describe the server, with the URLs to connect to it. Exit code 3 if it is not running."""
    state = server.status()
    _show(state, json=json)
    if not state.running:
        output.say(_NO_ANSWER if state.kind == "external" else str(ServerNotRunning()))
        raise typer.Exit(NOT_RUNNING)


@app.command()
def logs(
    *,
    lines: Annotated[int, typer.Option("--lines", "-n", min=0, help="How many of the last lines.")] = 50,
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Go on as lines come, until Ctrl-C.")
    ] = False,
    json: Json = False,
) -> None:
    """Print the end of the server's log."""
    if server.is_external(settings()):
        raise LogElsewhere
    path = server.log_path()
    last = _last_lines(path, lines)
    if json:
        output.print_json({"path": path, "lines": last})
        return
    for line in last:
        typer.echo(line)
    if follow:
        with suppress(KeyboardInterrupt):
            for line in _lines_from_now(path):
                typer.echo(line)


def _upgrade(owner_url: str, report: Report) -> None:
    from rollbook.ops.migrate import upgrade  # noqa: PLC0415 -- `status` and `logs` need no Alembic
    from rollbook.ops.runs import remembered  # noqa: PLC0415 -- likewise

    with remembered(owner_url, "db.migrate") as facts:
        done = upgrade(owner_url, report=report)
        facts.update({"to": done[-1].id, "migrations": len(done)} if done else {})


def _show(state: server.ServerStatus, *, json: bool) -> None:
    if json:
        output.print_json(state)
    else:
        output.print_fields(asdict(state))


def _last_lines(path: Path, count: int) -> list[str]:
    if not path.exists():
        return []
    with path.open(encoding="utf-8", errors="replace") as log:
        return [line.rstrip("\n") for line in deque(log, maxlen=count)]


def _lines_from_now(path: Path) -> Iterator[str]:
    """Yield what is appended to ``path``, also after it was put aside for a new one."""
    offset, inode = (path.stat().st_size, path.stat().st_ino) if path.exists() else (0, 0)
    while True:
        if path.exists():
            if path.stat().st_ino != inode:
                offset, inode = 0, path.stat().st_ino
            with path.open(encoding="utf-8", errors="replace") as log:
                log.seek(offset)
                yield from (line.rstrip("\n") for line in log)
                offset = log.tell()
        time.sleep(_FOLLOW_EVERY_S)

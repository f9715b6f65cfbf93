"""The commands `rollbook health` and `rollbook monitor`."""

import time
from collections.abc import Sequence
from contextlib import nullcontext, suppress
from dataclasses import asdict
from functools import partial
from typing import Annotated, Final

import typer
from sqlalchemy.exc import SQLAlchemyError

from rollbook.core import output
from rollbook.core.checks import State
from rollbook.core.progress import progress_bar
from rollbook.core.settings import settings
from rollbook.ops import server
from rollbook.ops.watch.watcher import Watcher
from rollbook.ops.work import running_server
from rollbook.reporting.health import Finding, check_up, look_over, told, worst
from rollbook.reporting.mending import tell_mends

app = typer.Typer()

WITH_FINDINGS: Final = 3


@app.command()
def health(
    *,
    deep: Annotated[
        bool, typer.Option("--deep", help="Look at everything: measures, backups, archives, replicas.")
    ] = False,
    note: Annotated[
        bool,
        typer.Option("--note", help="Look at everything, and keep what was found for /admin/operations."),
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print JSON on stdout.")] = False,
) -> None:
    """Say whether PostgreSQL answers and has the schema of this release; with --deep, all that needs doing.

    Exit code 3 if there is anything to do. Only --note writes; the worker does the same every hour.
    """
    with progress_bar() as report:
        status = server.status()
        found = check_up(running_server(), report) if note else list(look_over(status, report, deep=deep))
    if json:
        output.print_json({"state": worst(found), "checks": [told(one) for one in found]})
    else:
        _print(found)
    if worst(found) is not State.FINE:
        raise typer.Exit(WITH_FINDINGS)


def _print(found: Sequence[Finding]) -> None:
    rows = [(one.section, one.checked.name, one.checked.state.value, one.checked.sentence) for one in found]
    output.print_table(("part", "check", "", "what was found"), rows)
    tell_mends([one.checked for one in found])


@app.command()
def monitor(
    *,
    once: Annotated[bool, typer.Option("--once", help="Show one frame, and end.")] = False,
    every: Annotated[float, typer.Option(min=0.5, max=3600, help="Seconds between two looks.")] = 2,
    listen: Annotated[
        str | None, typer.Option(metavar="HOST:PORT", help="Serve the figures to Prometheus instead.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one look as JSON on stdout.")] = False,
) -> None:
    """Show the server at a glance, again and again until Ctrl-C. Reads only.

    --listen serves the same figures at /metrics: on this machine alone, unless ROLLBOOK_METRICS_TOKEN is set.
    """
    status = running_server()
    if listen is not None:
        with suppress(KeyboardInterrupt):
            _serve(status, listen, json=json)
        return
    watcher = Watcher(status)
    if json:
        looked = watcher.look()
        output.print_json(asdict(looked.seen) | {"bloat": looked.bloat, "disk": looked.disk})
    else:
        with suppress(KeyboardInterrupt):
            _show(watcher, every, once=once)


def _show(watcher: Watcher, every: float, *, once: bool) -> None:
    from rich.console import Console  # noqa: PLC0415 -- for a terminal alone
    from rich.live import Live  # noqa: PLC0415 -- likewise

    from rollbook.ops.watch.screen import away, frame  # noqa: PLC0415 -- likewise

    console = Console()
    looked, at = watcher.look(), time.monotonic()
    if once:
        console.print(frame(looked))
        return
    # into a file, a pipe or a terminal that cannot move its cursor frames go one after another
    is_screen = console.is_terminal and not console.is_dumb_terminal
    with Live(console=console, screen=True, auto_refresh=False) if is_screen else nullcontext() as live:
        show = partial(live.update, refresh=True) if live else console.print
        show(frame(looked))
        while True:
            time.sleep(every)
            try:
                before, looked, began, at = looked, watcher.look(), at, time.monotonic()
            except SQLAlchemyError:  # perhaps it is being restarted
                show(away())
            else:
                show(frame(looked, before, at - began))


def _serve(status: server.ServerStatus, listen: str, *, json: bool) -> None:
    from prometheus_client import CollectorRegistry  # noqa: PLC0415 -- for --listen alone

    from rollbook.ops.watch.serving import listening  # noqa: PLC0415 -- likewise
    from rollbook.reporting.exporter import ServerFigures  # noqa: PLC0415 -- likewise

    registry = CollectorRegistry()
    registry.register(ServerFigures(status))
    token = settings().metrics_token
    with listening(listen, registry, token.get_secret_value() if token else None) as serving:
        host, port = serving.server_address[:2]
        address = f"http://{f'[{host!s}]' if ':' in str(host) else str(host)}:{port}/metrics"
        if json:
            output.print_json({"address": address})
        else:
            output.say(f"Figures are at {address} (Ctrl-C stops it)")
        serving.serve_forever()

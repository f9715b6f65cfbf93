"""The command `rollbook demo`: sets everything up, shows it on stdout and, unless --once, on the web."""

import fcntl
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final, Protocol

import typer

from rollbook.core import output
from rollbook.core.errors import Conflict
from rollbook.core.progress import progress_bar
from rollbook.core.settings import settings
from rollbook.demo import service, show
from rollbook.demo.plan import STUDENTS
from rollbook.ops import server
from rollbook.ops.embedded import home_of
from rollbook.ops.errors import file_errors
from rollbook.ops.ports import HOST, is_port_free, port_user

app = typer.Typer()

FEWEST: Final = 100  # below that there is nothing to learn from
MOST: Final = 10_000  # above that it is no longer quick
_INTERRUPTED: Final = 128 + signal.SIGINT
_TERMINATED: Final = 128 + signal.SIGTERM


class DemoPortInUse(Conflict):
    """Port {port} is in use by {user}. Choose another one with --port."""


class DemoRunning(Conflict):
    """Another `rollbook demo` is at work in {home}. End that one first."""


class Serve(Protocol):
    """The web door, which stands above this floor: cli.py hands it over as the context's object."""

    def __call__(
        self, database: server.ServerStatus, *, host: str, port: int, on_ready: Callable[[str], None]
    ) -> None:
        """Serve until told to stop; call ``on_ready`` with the address once it answers."""


@dataclass(frozen=True, slots=True)
class _Shown:
    """What the command prints as JSON."""

    address: str | None
    tenants: list[show.TenantShown]


@app.command()
def demo(  # noqa: PLR0913 - each option says what it is for
    context: typer.Context,
    *,
    once: Annotated[bool, typer.Option("--once", help="Do it all but serve.")] = False,
    port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="Port of the pages; else 8000 or a free one.")
    ] = None,
    oulad: Annotated[
        Path | None, typer.Option(help="Folder of the OULAD files: real students as a second tenant.")
    ] = None,
    students: Annotated[
        int, typer.Option(min=FEWEST, max=MOST, help="Size of the synthetic district.")
    ] = STUDENTS,
    seed: Annotated[int, typer.Option(min=0, help="Another seed, another district.")] = service.SEED,
    keep_running: Annotated[
        bool, typer.Option("--keep-running", help="Leave PostgreSQL running afterwards.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print JSON on stdout.")] = False,
) -> None:
    """Set up a synthetic district, score its students and show them, on this machine only.

    Again is quick and changes nothing. Ctrl-C ends the pages, and PostgreSQL if the demo started it.
    """
    plan = show.Plan(students, seed, oulad)
    show.check(plan)
    chosen = None if once else _choose_port(port)
    with _alone(), _postgresql(keep_running=keep_running) as status:
        with progress_bar() as report:
            tenants = show.prepare(status, plan, report)
        if chosen is None:
            _print(_Shown(None, tenants), json=json)
        else:
            _serve(context.obj, status, chosen, lambda address: _print(_Shown(address, tenants), json=json))


def _serve(serve: Serve, status: server.ServerStatus, port: int, on_ready: Callable[[str], None]) -> None:
    """Serve on this machine only; Ctrl-C is the way it ends, not a failure."""
    try:
        serve(status, host=HOST, port=port, on_ready=on_ready)
    except KeyboardInterrupt:
        output.say("Stopping.")


def _choose_port(port: int | None) -> int:
    """Return the port to serve on; one that the user named must be free, before all the work.

    Raises: ``DemoPortInUse``.
    """
    wanted = settings().web_port if port is None else port
    if wanted == 0 or is_port_free(wanted):
        return wanted
    if port is None:
        return 0
    raise DemoPortInUse(port=port, user=port_user(port))


@contextmanager
def _alone() -> Iterator[None]:
    """Run the block while no other demo runs in this home: the first to end would stop the other's server.

    Raises: ``DemoRunning``. The lock dies with its process.
    """
    home = home_of(settings())
    home.make()
    with file_errors(home.path):
        lock = (home.path / "demo.lock").open("a")
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise DemoRunning(home=home.path) from None
        yield


@contextmanager
def _postgresql(*, keep_running: bool) -> Iterator[server.ServerStatus]:
    """Run the block with the server; stop it afterwards, however the block ends, if it did not run before."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(_TERMINATED))
    leave = keep_running or server.status().running
    try:
        with progress_bar() as report:
            status = server.up(report=report)
        yield status
    except KeyboardInterrupt:
        output.say("Interrupted: what is finished stays, and the same command goes on from there.")
        raise typer.Exit(_INTERRUPTED) from None
    finally:
        if not leave:
            server.down()


def _print(shown: _Shown, *, json: bool) -> None:
    if json:
        output.print_json(shown)
        return
    for tenant in shown.tenants:
        _print_tenant(tenant)
    typer.echo()
    sign_ins = [sign_in for tenant in shown.tenants for sign_in in tenant.sign_ins]
    output.print_table(
        ("sign in as", "password", "role", "who", "sees"),
        [(s.email, s.password, s.role.value, s.full_name, s.sees) for s in sign_ins],
    )
    if shown.address:
        typer.echo(f"\nRollbook is at {shown.address} -- Ctrl-C ends it.")


def _model_line(model: show.Model) -> str:
    auc = "-" if model.auc is None else f"{model.auc:.2f} ({model.auc_low:.2f}-{model.auc_high:.2f})"
    rule = "-" if model.auc_of_rule is None else f"{model.auc_of_rule:.2f}"
    return (
        f"model {model.version} from {model.training_rows:,} rows: AUC {auc} held out"
        f" ({model.held_out}); the plain rule alone {rule}"
    )


def _print_tenant(tenant: show.TenantShown) -> None:
    kind = "synthetic" if tenant.is_synthetic else "real students"
    typer.echo(f"\n{tenant.name} ({kind}), as of {tenant.as_of}")
    typer.echo(", ".join(f"{count:,} {what}" for what, count in tenant.totals.items() if count))
    typer.echo(_model_line(tenant.model) + "\n")
    rows = [
        (t.rank, t.student, t.section, f"{t.risk_score:.2f}", t.risk_category, t.reason) for t in tenant.top
    ]
    output.print_table(("rank", "student", "section", "risk", "category", "first reason"), rows)

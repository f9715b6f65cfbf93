"""Commands of replicas: add, status, promote, start, stop, remove."""

from dataclasses import asdict
from typing import Annotated

import typer

from rollbook.core import output
from rollbook.core.checks import State
from rollbook.core.progress import progress_bar
from rollbook.core.settings import settings

app = typer.Typer(help="Let a second server follow the first, for reading and to take its place.")

FINDINGS = 3

Name = Annotated[str, typer.Argument(help="What the replica is called.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON on stdout.")]


@app.command()
def add(
    name: Name = "one",
    *,
    keep_gb: Annotated[
        int | None,
        typer.Option(min=1, max=100_000, help="Most that the primary keeps for one that is away."),
    ] = None,
    json: Json = False,
) -> None:
    """Copy the running server to a second one on this machine, which follows it from then on."""
    from rollbook.ops.replicas import making  # noqa: PLC0415 -- not for --help

    with progress_bar() as report:
        making.add(settings(), name, report, keep_gb=keep_gb)
    status(json=json)


@app.command()
def status(*, json: Json = False) -> None:
    """Say of each replica whether it follows and how far behind it is; exit code 3 if one does not."""
    from rollbook.ops.replicas.health import look_over  # noqa: PLC0415 -- not for --help
    from rollbook.ops.replicas.standing import status_of  # noqa: PLC0415 -- likewise

    found, checks = status_of(settings()), look_over(settings())
    if json:
        output.print_json([asdict(each) for each in found])
    elif found:
        columns = ("name", "kind", "is_running", "follows", "takes_writes", "port", "behind_bytes", "slot")
        output.print_table(columns, [[getattr(each, name) for name in columns] for each in found])
    else:
        output.say("There is no replica. `rollbook replica add` makes one.")
    for check in checks:
        if check.state is not State.FINE:
            output.say(f"{check.sentence} {check.mend or ''}".strip())
    if any(check.state is not State.FINE for check in checks):
        raise typer.Exit(FINDINGS)


@app.command()
def promote(
    name: Name = "one",
    *,
    stop_primary: Annotated[
        bool, typer.Option("--stop-primary", help="Stop the primary first, where it lives, for good.")
    ] = False,
    accept_loss: Annotated[
        bool,
        typer.Option("--accept-loss", help="Lose what the primary wrote and the replica has not got."),
    ] = False,
    yes: Yes = False,
    json: Json = False,
) -> None:
    """Let a replica take the place of the primary: same address, same passwords. Refused while that lives."""
    from rollbook.ops.replicas.promoting import promote as take_place  # noqa: PLC0415 -- not for --help

    if not yes:
        output.confirm("The primary's data are put aside for the replica's. Go on?")
    with progress_bar() as report:
        done = take_place(settings(), name, report, stop_primary=stop_primary, accept_loss=accept_loss)
    if json:
        output.print_json(asdict(done))
    output.say(f"{name} is the primary now, on timeline {done.timeline}.")
    if done.former is not None:
        output.say(f"The former primary's data lie in {done.former}; remove them when you are sure.")


@app.command()
def start(name: Name = "one", *, json: Json = False) -> None:
    """Start a replica that was stopped; from then on `rollbook up` starts it too."""
    from rollbook.ops.replicas import making  # noqa: PLC0415 -- not for --help

    with progress_bar() as report:
        making.start(settings(), making.find(settings(), name), report)
    _tell(name, "started", f"{name} runs.", json=json)


@app.command()
def stop(name: Name = "one", *, json: Json = False) -> None:
    """Stop a replica until it is started again, which `rollbook up` then does not; it catches up."""
    from rollbook.ops.replicas import making  # noqa: PLC0415 -- not for --help

    with progress_bar() as report:
        ran = making.stop(making.find(settings(), name), report)
    said = f"{name} has stopped." if ran else f"{name} was not running."
    _tell(name, "stopped", said, json=json)


@app.command()
def remove(name: Name = "one", *, yes: Yes = False, json: Json = False) -> None:
    """Stop a replica and remove it; the primary is as before."""
    from rollbook.ops.replicas import making  # noqa: PLC0415 -- not for --help

    replica = making.find(settings(), name)
    if not yes:
        output.confirm(f"Remove the replica {name}?")
    with progress_bar() as report:
        making.remove(settings(), replica, report)
    _tell(name, "removed", f"{name} is removed.", json=json)


def _tell(name: str, now: str, sentence: str, *, json: bool) -> None:
    if json:
        output.print_json({"name": name, "now": now})
    output.say(sentence)

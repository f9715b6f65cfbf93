"""Commands of tuning, below `rollbook db`: slow, indexes, advise, optimize, analyze-performance."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from rollbook.core import output
from rollbook.core.progress import progress_bar
from rollbook.core.settings import settings
from rollbook.core.words import many
from rollbook.ops.tuning import printing

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from rollbook.ops.tuning.advice import Advice
    from rollbook.ops.tuning.statements import Snapshot, Statement

app = typer.Typer()

WITH_FINDINGS: Final = 3
_KEPT: Final = "statements.json"
_DAY_S: Final = 86_400

Json = Annotated[bool, typer.Option("--json", help="Print JSON on stdout.")]
Most = Annotated[int, typer.Option("--most", min=1, max=5_000, help="How many statements to show.")]
Seconds = Annotated[
    int | None, typer.Option("--seconds", min=1, max=_DAY_S, help="Watch from now on for so many seconds.")
]
LeastMb = Annotated[float, typer.Option("--least-mb", min=0, help="Leave out what is smaller.")]


@app.command()
def slow(
    *,
    seconds: Seconds = None,
    most: Most = 20,
    log_plans: Annotated[
        int | None,
        typer.Option(min=-1, help="Have plans of the application logged that take more ms; -1 ends that."),
    ] = None,
    log: Annotated[
        Path | None, typer.Option(help="Log to read plans from; by default our own server's.")
    ] = None,
    json: Json = False,
) -> None:
    """Say which statements take the time: since this was last asked, or while --seconds pass.

    Counts come from pg_stat_statements. It keeps mean, deviation and maximum, but no percentile: "p95 at
    most" is a bound that holds whatever the times were (Cantelli, Markov), no estimate. The maximum is since
    the counters began. Where auto_explain logs plans, their shape is shown. Values never are.
    """
    from rollbook.ops.tuning import logged_plans, statements  # noqa: PLC0415 -- loads the driver

    with _looking() as db:
        if log_plans is not None:
            from rollbook.ops.tuning.looking import raw  # noqa: PLC0415 -- as above

            logged_plans.log_plans(raw(db), None if log_plans < 0 else log_plans)
            output.say("From each new connection of the application on.")
        since, used = _since_last(db, seconds)
    found = statements.usage(used)[:most]
    plans = {plan.query_id: plan for plan in logged_plans.seen(path)} if (path := log or _own_log()) else {}
    if json:
        shown = [
            asdict(one) | {"plan": plans[one.query_id].shape if one.query_id in plans else None}
            for one in found
        ]
        output.print_json({"since": since, "statements": shown})
        return
    printing.print_usage(found)
    for one in found:
        if one.query_id in plans:
            plan = plans[one.query_id]
            typer.echo(f"{one.query_id} took {plan.ms:,.1f} ms by: {' > '.join(plan.shape)}")
    output.say(f"Since {since:%Y-%m-%d %H:%M:%S %Z}." if since else "Since the server began to count.")


@app.command()
def indexes(*, least_mb: LeastMb = 1.0, json: Json = False) -> None:
    """Say which indexes are unused, double, broken or bloated, and which foreign keys have none.

    An index that makes rows unique, or serves a foreign key, is never called unused. Reads are counted since
    the counters were last reset, and on each replica apart: look there too before you drop one. Bloat is told
    only where an index was read and proved half empty. Exit code 3 if anything is found.
    """
    from rollbook.ops.tuning import indexes as looked  # noqa: PLC0415 -- loads the driver

    with _looking() as db, progress_bar() as report:
        report.step("Looking at the indexes")
        found = looked.look_at(db)
    large = [one for one in found.drops if one.size_bytes >= least_mb * 1e6]
    missing = [one for one in found.unindexed if one.rows >= looked.FEW_ROWS]
    if json:
        output.print_json(asdict(found) | {"drops": large, "unindexed": missing})
    else:
        printing.print_indexes(found, large, missing)
    if large or missing or found.invalid or found.bloated:
        raise typer.Exit(WITH_FINDINGS)


@app.command()
def advise(  # noqa: PLR0913 -- a command's options
    *,
    seconds: Seconds = None,
    most: Annotated[int, typer.Option("--most", min=1, max=50, help="How many indexes to propose.")] = 5,
    most_mb: Annotated[int, typer.Option(min=1, help="How large they may be together.")] = 10_000,
    apply: Annotated[bool, typer.Option("--apply", help="Build what is proposed, online.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    json: Json = False,
) -> None:
    """Propose indexes for the real workload, tried on a planner twin; and say which could go.

    The twin is a scratch cluster with the schema, the statistics and the sizes of the database, and no row.
    Statistics hold real values: it stays on this machine, in a folder closed to others, and is removed, also
    if this is killed. Statements are planned as their role, in the tenant with most rows, seeing all of it.
    A time after is an estimate: the mean, by the ratio of planned costs. --apply builds concurrently. Nothing
    is ever dropped. Exit code 3 if something is proposed and not built.
    """
    from rollbook.ops.tuning import advisor  # noqa: PLC0415 -- loads the driver
    from rollbook.ops.tuning.advice import Budget, Workload  # noqa: PLC0415 -- as above

    with _looking() as db, progress_bar() as report:
        workload = Workload(*_workload(db, seconds))
        budget = Budget(most, most_mb * 1_000_000)
        found = advisor.advise(settings(), db, workload, budget=budget, report=report)
    if json:
        output.print_json(found)
    else:
        printing.print_advice(found)
    if apply and found.proposals:
        if not yes:
            output.confirm("Build these now, while the application works?")
        _build(found)
    elif found.proposals or found.drops:
        raise typer.Exit(WITH_FINDINGS)


@app.command()
def optimize(
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be done.")] = False,
    json: Json = False,
) -> None:
    """Vacuum, look at and rebuild what figures say needs it. Safe while the application works.

    Vacuum where dead rows are over a tenth, fresh statistics where a tenth changed, broken indexes dropped,
    half-empty ones rebuilt concurrently, more statistics kept of a column where estimates are ten times off
    (and as before where that did not help). Nothing else. What fails keeps nothing else from being done. Exit
    code 3 if anything failed, or if --dry-run finds something to do.
    """
    from rollbook.ops.runs import noted  # noqa: PLC0415 -- loads the driver
    from rollbook.ops.tuning import building, optimizing  # noqa: PLC0415 -- as above
    from rollbook.ops.work import running_server  # noqa: PLC0415 -- as above

    owner_url = running_server().owner_url
    with _looking() as db, progress_bar() as report:
        report.step("Looking at tables and indexes")
        todo = optimizing.tasks(db, _counted(db))
        if dry_run:
            done = []
        else:
            with noted(owner_url, "db.optimize") as run, building.patient(owner_url) as owner:
                done = optimizing.optimize(db, owner, todo, report)
                run.facts |= {"done": sum(one.outcome == "done" for one in done), "tasks": len(todo)}
                run.has_findings = any(one.outcome == "failed" for one in done)
    rows = (
        [(one.kind, one.name, one.why, "") for one in todo]
        if dry_run
        else [(one.task.kind, one.task.name, one.task.why, one.sentence) for one in done]
    )
    if json:
        output.print_json([dict(zip(("what", "name", "why", "outcome"), row, strict=True)) for row in rows])
    elif rows:
        output.print_table(("what", "of", "why", "outcome"), rows)
    else:
        output.say("Nothing needs doing.")
    if (dry_run and todo) or any(one.outcome == "failed" for one in done):
        raise typer.Exit(WITH_FINDINGS)


@app.command(name="analyze-performance")
def analyze_performance(*, seconds: Seconds = None, most: Most = 20, json: Json = False) -> None:
    """Say what "90 % of queries use indexes, average under 100 ms" comes to here, by query.

    A query uses an index if its generic plan reads one; the share is of calls of those that read a table,
    and of statements. It reads a table whole if that has more than 16 pages: of a smaller one an index would
    not be faster. Mean over calls; "p95 at most" is a bound that holds whatever the times were. A cache hit
    is a page found in PostgreSQL's buffers. Nothing is run: plans are asked for, times were counted. Exit
    code 3 where the claim does not hold.
    """
    from rollbook.ops.tuning import performance, statements  # noqa: PLC0415 -- loads the driver

    with _looking() as db, progress_bar() as report:
        report.step("Asking for the plans")
        snapshot = statements.take(db)
        used = snapshot.statements if seconds is None else _watched(db, snapshot, seconds)
        found = performance.analyze(db, used, snapshot.since if seconds is None else snapshot.at)
    if json:
        output.print_json(asdict(found) | {"queries": found.queries[:most]})
    else:
        printing.print_performance(found, most)
    if False in found.claims.values():
        raise typer.Exit(WITH_FINDINGS)


@contextmanager
def _looking() -> "Iterator[Connection]":
    from rollbook.ops.tuning.looking import looking  # noqa: PLC0415 -- loads the driver
    from rollbook.ops.work import running_server  # noqa: PLC0415 -- as above

    running_server()
    with looking(settings()) as db:
        yield db


def _own_log() -> Path | None:
    from rollbook.ops import server  # noqa: PLC0415 -- loads the driver

    path = server.log_path()
    return path if not server.is_external(settings()) and path.exists() else None


def _since_last(db: "Connection", seconds: int | None) -> "tuple[datetime | None, list[Statement]]":
    """Return what ran since this was last asked, and keep the counters for the next time."""
    from rollbook.ops.embedded import home_of  # noqa: PLC0415 -- loads the driver
    from rollbook.ops.tuning import statements  # noqa: PLC0415 -- as above

    first = statements.take(db)
    if seconds is not None:
        return first.at, _watched(db, first, seconds)
    path = home_of(settings()).path / _KEPT
    asked_at, before = statements.recall(path, first.database)
    statements.keep(path, first)
    if asked_at and first.since and first.since > asked_at:  # the counters began anew meanwhile
        asked_at, before = first.since, {}
    return asked_at or first.since, statements.between(before, first)


def _watched(db: "Connection", first: "Snapshot", seconds: int) -> "list[Statement]":
    from rollbook.ops.tuning import statements  # noqa: PLC0415 -- loads the driver

    time.sleep(seconds)
    before = {one.key: one.counted for one in first.statements}
    return statements.between(before, statements.take(db))


def _workload(db: "Connection", seconds: int | None) -> "tuple[Sequence[Statement], float]":
    """Return what ran, and within how many seconds."""
    from rollbook.ops.tuning import indexes as looked  # noqa: PLC0415 -- loads the driver
    from rollbook.ops.tuning import statements  # noqa: PLC0415 -- as above

    snapshot = statements.take(db)
    if seconds is not None:
        return _watched(db, snapshot, seconds), float(seconds)
    since = snapshot.since or looked.counting(db).since
    return snapshot.statements, (snapshot.at - since).total_seconds()


def _counted(db: "Connection") -> "Sequence[Statement]":
    """Return what is counted of statements; nothing where the server does not count them, or not for us."""
    from rollbook.ops.tuning import statements  # noqa: PLC0415 -- loads the driver
    from rollbook.ops.tuning.errors import StatementsHidden, StatementsNotCounted  # noqa: PLC0415 -- as above

    try:
        return statements.take(db).statements
    except (StatementsNotCounted, StatementsHidden) as error:
        output.say(f"Estimates were not looked at. {error}")
        return ()


def _build(found: "Advice") -> None:
    from rollbook.ops.runs import noted  # noqa: PLC0415 -- loads the driver
    from rollbook.ops.tuning import building  # noqa: PLC0415 -- as above
    from rollbook.ops.work import running_server  # noqa: PLC0415 -- as above

    owner_url, built = running_server().owner_url, list[str]()
    with progress_bar() as report, noted(owner_url, "db.advise") as run, building.patient(owner_url) as owner:
        run.facts["built"] = built
        for proposal in found.proposals:
            if building.build(owner, proposal.name, proposal.index, report):
                built.append(proposal.name)
    output.say(f"{many(len(built), 'index', 'indexes')} built. `rollbook db slow` says what was gained.")

"""The commands `rollbook worker ...`."""

from typing import Annotated, Any

import typer
from sqlalchemy.orm import Session

from rollbook.core import output
from rollbook.core.database import engine_for
from rollbook.core.settings import settings
from rollbook.ops.jobs import health, listing, schedules
from rollbook.ops.work import running_server
from rollbook.worker.catalogue import SCHEDULES

app = typer.Typer(help="Do what is to be done by schedule.", no_args_is_help=True)

Json = Annotated[bool, typer.Option("--json", help="Print JSON on stdout.")]
Name = Annotated[str, typer.Argument(help="The schedule, as `rollbook worker schedules` names it.")]


@app.command()
def run(
    *,
    until_idle: Annotated[
        bool, typer.Option("--until-idle", help="Do what is due and waiting, then end: for a timer.")
    ] = False,
    json: Json = False,
) -> None:
    """Do jobs as they are due, in the foreground. SIGTERM or Ctrl-C ends it after the jobs in hand.

    Progress goes to stderr as lines of a log. Several workers share the jobs: each is done once.
    """
    from rollbook.worker import logs, running  # noqa: PLC0415 -- asyncio and the library of jobs

    owner_url = running_server().owner_url
    logs.log_to_stderr()
    running.run(owner_url, SCHEDULES, jobs_at_once=settings().worker_jobs, until_idle=until_idle)
    if json:
        output.print_json({"ended": True})


@app.command("schedules")
def list_schedules(*, json: Json = False) -> None:
    """List what is done when, how it last ended, and when it is due next."""
    with Session(engine_for(running_server().owner_url)) as db, db.begin():
        found = [told(one) for one in schedules.describe(db, SCHEDULES)]
    if json:
        output.print_json(found)
        return
    columns = ("schedule", "when", "due next", "last began", "ended", "what it does")
    keys = ("name", "cron", "next_at", "last_began_at", "last_outcome", "sentence")
    output.print_table(columns, [[shown(one[key]) for key in keys] for one in found])


def told(one: schedules.Described) -> dict[str, Any]:
    """Return what is told of a schedule."""
    chosen, last = one.chosen, one.last
    return {
        "name": chosen.name,
        "cron": "off" if chosen.is_off else chosen.cron,
        "zone": settings().schedule_zone,
        "next_at": one.next_at,
        "last_began_at": last.began_at if last else None,
        "last_ended_at": last.ended_at if last else None,
        "last_outcome": last.outcome if last else None,
        "last_error": last.facts.get("error") if last else None,
        "is_fixed": chosen.is_fixed,
        "sentence": chosen.schedule.sentence,
    }


def shown(value: Any) -> Any:  # noqa: ANN401 -- a cell of any kind
    """Return a table's cell: an instant in words."""
    return f"{value:%Y-%m-%d %H:%M} UTC" if hasattr(value, "strftime") else value


@app.command()
def alive(*, json: Json = False) -> None:
    """Say whether a worker gave a sign of life lately: its container's healthcheck. Exit code 1 if none."""
    with Session(engine_for(running_server().owner_url)) as db:
        is_alive = health.is_alive(db)
    if json:
        output.print_json({"is_alive": is_alive})
    else:
        output.say("A worker runs." if is_alive else "No worker runs.")
    raise typer.Exit(int(not is_alive))


@app.command("run-now")
def run_now(name: Name, *, json: Json = False) -> None:
    """Do one schedule's work here and now, whether it is due or not. Exit code 3 if it found something."""
    from rollbook.worker import logs, performing  # noqa: PLC0415 -- loads a room

    owner_url = running_server().owner_url
    logs.log_to_stderr()
    done = performing.run_now(owner_url, SCHEDULES, name)
    facts = {"schedule": name, "has_findings": done.has_findings, **done.facts}
    (output.print_json if json else output.print_fields)(facts)
    if done.has_findings:
        raise typer.Exit(3)


@app.command()
def move(
    name: Name,
    cron: Annotated[str, typer.Argument(help="When: cron's five fields, as '30 1 * * *'.")],
    *,
    json: Json = False,
) -> None:
    """Let a schedule run at other times. ROLLBOOK_SCHEDULES wins over it."""
    _change(name, cron=cron, is_off=False, json=json)


@app.command()
def off(name: Name, *, json: Json = False) -> None:
    """Switch a schedule off."""
    _change(name, cron=None, is_off=True, json=json)


@app.command()
def on(name: Name, *, json: Json = False) -> None:
    """Switch a schedule on, at the times of its release."""
    _change(name, cron=None, is_off=False, json=json)


def _change(name: str, *, cron: str | None, is_off: bool, json: bool) -> None:
    with Session(engine_for(running_server().owner_url)) as db, db.begin():
        schedules.change(db, SCHEDULES, name, cron=cron, is_off=is_off)
        held = next(told(one) for one in schedules.describe(db, SCHEDULES) if one.chosen.name == name)
    (output.print_json if json else output.print_fields)(
        held if json else {key: shown(held[key]) for key in ("name", "cron", "zone", "next_at")}
    )


@app.command()
def jobs(
    *,
    every: Annotated[bool, typer.Option("--all", help="Also those that wait, run, or ended well.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="At most so many, the newest.")] = 50,
    json: Json = False,
) -> None:
    """List the jobs that failed, each with its sentence. Exit code 3 if there is one."""
    with Session(engine_for(running_server().owner_url)) as db:
        found = listing.list_jobs(db, None if every else ["failed"], limit)
    if json:
        output.print_json(found)
    else:
        columns = ("job", "schedule", "state", "tries", "since", "what went wrong")
        rows = [(j.job_id, j.name, j.state, j.attempts, shown(j.changed_at), j.error) for j in found]
        output.print_table(columns, rows, empty="No job is there yet." if every else "No job failed.")
    if any(job.state == "failed" for job in found):
        raise typer.Exit(3)


@app.command()
def retry(
    job_id: Annotated[int, typer.Argument(help="The job, as `rollbook worker jobs` numbers it.")],
    *,
    json: Json = False,
) -> None:
    """Let a job that failed run again, as soon as a worker is free."""
    with Session(engine_for(running_server().owner_url)) as db, db.begin():
        listing.retry(db, job_id)
    if json:
        output.print_json({"job_id": job_id, "state": "todo"})
    else:
        output.say(f"Job {job_id} waits for a worker.")

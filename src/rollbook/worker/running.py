"""The worker's process: takes jobs as they are due, does each once, ends after the one in hand."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final

from procrastinate import App, JobContext, PsycopgConnector, RetryStrategy
from procrastinate.exceptions import ConnectorException
from sqlalchemy.exc import OperationalError, SQLAlchemyError
from sqlalchemy.orm import Session

from rollbook.core.database import NOTICE_SILENCE, engine_for
from rollbook.core.errors import Unavailable
from rollbook.ops.jobs.schedules import SQL, Schedule, due
from rollbook.worker.errors import DatabaseLost
from rollbook.worker.hands import Hands
from rollbook.worker.performing import LOG, perform

QUEUE: Final = "rollbook"
# What may pass by itself is tried again after 8 seconds, then 1, 9 and 68 minutes.
_RETRY: Final = RetryStrategy(
    max_attempts=4, exponential_wait=8, retry_exceptions={Unavailable, OperationalError}
)
# A job that takes all memory, say, would else kill its worker for ever, and with it the other jobs in hand.
_MOST_DEATHS: Final = 12


@dataclass(frozen=True, slots=True)
class Pace:
    """How often a worker looks for what is due, says that it lives, and when it is taken for dead.

    ``unheard_s``: a job that it was done with so long ago, and that is not noted as ended, runs again.
    """

    look_s: float = 15.0
    beat_s: float = 5.0
    dead_s: float = 20.0
    unheard_s: float = 120.0


@dataclass(frozen=True, slots=True)
class Work:
    """What a worker works on, and how."""

    owner_url: str
    schedules: Mapping[str, Schedule]
    pace: Pace
    hands: Hands = field(default_factory=Hands)


def run(
    owner_url: str,
    schedules: Mapping[str, Schedule],
    *,
    jobs_at_once: int = 1,
    until_idle: bool = False,
    pace: Pace | None = None,
) -> None:
    """Do jobs until SIGTERM or SIGINT, or with ``until_idle`` until none is waiting; ends what is in hand.

    Raises: ``DatabaseLost``.
    """
    work = Work(owner_url, schedules, pace or Pace())
    try:
        asyncio.run(_serve(make_app(work), work, jobs_at_once, wait=not until_idle))
    except (ConnectorException, OperationalError) as error:
        raise DatabaseLost from error


def make_app(work: Work) -> App:
    """Return procrastinate's app, with a task for each schedule."""
    # The owner's role connects without a pooler, as migrations do: workers listen, and hold locks.
    how = {"options": "-c search_path=operations", "application_name": "rollbook worker"}
    connector = PsycopgConnector(conninfo=work.owner_url, kwargs=NOTICE_SILENCE | how, min_size=1, max_size=4)
    app = App(connector=connector)
    for schedule in work.schedules.values():
        _add_task(app, work, schedule)
    return app


def _add_task(app: App, work: Work, schedule: Schedule) -> None:
    @app.task(name=schedule.name, queue=QUEUE, lock=schedule.name, pass_context=True, retry=_RETRY)
    def do(context: JobContext, /, **_slot: Any) -> None:  # noqa: ANN401 -- the slot that the library adds
        assert context.job.id is not None
        work.hands.take(context.job.id)
        try:
            perform(work.owner_url, schedule, context.job.id)
        finally:
            work.hands.put_down(context.job.id)


async def _serve(app: App, work: Work, jobs_at_once: int, *, wait: bool) -> None:
    async with app.open_async():
        await _look(app, work)
        LOG.info("The worker takes jobs")
        working = app.run_worker_async(
            queues=[QUEUE],
            concurrency=jobs_at_once,
            wait=wait,
            update_heartbeat_interval=work.pace.beat_s,
            stalled_worker_timeout=work.pace.dead_s,
            fetch_job_polling_interval=work.pace.look_s,
        )
        try:
            await _both(asyncio.create_task(_keep_looking(app, work)), asyncio.create_task(working))
        finally:
            LOG.info("The worker has ended")


async def _both(looking: "asyncio.Task[None]", working: "asyncio.Task[None]") -> None:
    """Wait until the worker ends. If looking fails, it ends too: it would live on, and be handed nothing."""
    await asyncio.wait({looking, working}, return_when=asyncio.FIRST_COMPLETED)
    if working.done():
        looking.cancel()
        await working
        return
    working.cancel()  # after the jobs in hand
    with suppress(asyncio.CancelledError):
        await working
    await looking


async def _keep_looking(app: App, work: Work) -> None:
    while True:
        await asyncio.sleep(work.pace.look_s)
        try:
            await _look(app, work)
        except (ConnectorException, SQLAlchemyError) as error:
            LOG.warning("Could not look for what is due: %s", type(error).__name__)


async def _look(app: App, work: Work) -> None:
    await asyncio.to_thread(_take_back, work)
    for slot in await asyncio.to_thread(due, engine_for(work.owner_url), work.schedules):
        at = int(slot.slot.timestamp())
        deferrer = app.tasks[slot.name].configure(task_kwargs={"timestamp": at})
        # one statement, that one worker of two succeeds with
        if await app.job_manager.defer_periodic_job(deferrer.job, periodic_id="", defer_timestamp=at):
            LOG.info("%s: due since %s", slot.name, f"{slot.slot:%Y-%m-%d %H:%M} UTC")


def _take_back(work: Work) -> None:
    """Let the jobs of workers that died run again, the later the more often they died, but not for ever."""
    told = {
        "dead_s": work.pace.dead_s,
        "unheard": work.hands.long_done(work.pace.unheard_s),
        "most": _MOST_DEATHS,
    }
    with Session(engine_for(work.owner_url)) as db, db.begin():
        for job in db.execute(SQL["take_back"], told):
            if job.is_given_up:
                LOG.error(
                    "%s: its worker died at it again and again; job %s has failed", job.name, job.job_id
                )
            else:
                LOG.warning("%s: its worker died; job %s runs again", job.name, job.job_id)

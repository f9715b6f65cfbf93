"""The worker's process: takes jobs as they are due, does each once, ends after the one in hand."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from procrastinate import App, JobContext, PsycopgConnector, RetryStrategy
from procrastinate.exceptions import ConnectorException
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from rollbook.core.database import engine_for
from rollbook.core.errors import Unavailable
from rollbook.ops.jobs.schedules import SQL, Schedule, due
from rollbook.worker.errors import DatabaseLost
from rollbook.worker.performing import LOG, perform

QUEUE: Final = "rollbook"
# What may pass by itself is tried again after 8 seconds, then 1, 9 and 68 minutes.
_RETRY: Final = RetryStrategy(
    max_attempts=4, exponential_wait=8, retry_exceptions={Unavailable, OperationalError}
)


@dataclass(frozen=True, slots=True)
class Pace:
    """How often a worker looks for what is due, says that it lives, and when it is taken for dead."""

    look_s: float = 15.0
    beat_s: float = 5.0
    dead_s: float = 20.0


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
    app = make_app(owner_url, schedules)
    try:
        asyncio.run(_serve(app, owner_url, schedules, jobs_at_once, until_idle, pace or Pace()))
    except (ConnectorException, OperationalError) as error:
        raise DatabaseLost from error


def make_app(owner_url: str, schedules: Mapping[str, Schedule]) -> App:
    """Return procrastinate's app, with a task for each schedule."""
    # The owner's role connects without a pooler, as migrations do: workers listen, and hold locks.
    connector = PsycopgConnector(
        conninfo=owner_url,
        kwargs={"options": "-c search_path=operations", "application_name": "rollbook worker"},
        min_size=1,
        max_size=4,
    )
    app = App(connector=connector)
    for schedule in schedules.values():
        _add_task(app, owner_url, schedule)
    return app


def _add_task(app: App, owner_url: str, schedule: Schedule) -> None:
    @app.task(name=schedule.name, queue=QUEUE, lock=schedule.name, pass_context=True, retry=_RETRY)
    def do(context: JobContext, /, **_slot: Any) -> None:  # noqa: ANN401 -- the slot that the library adds
        assert context.job.id is not None
        perform(owner_url, schedule, context.job.id)


async def _serve(  # noqa: PLR0913, PLR0917 -- what `run` was given
    app: App,
    owner_url: str,
    schedules: Mapping[str, Schedule],
    jobs_at_once: int,
    until_idle: bool,
    pace: Pace,
) -> None:
    async with app.open_async():
        await _look(app, owner_url, schedules, pace)
        LOG.info("The worker takes jobs")
        looking = asyncio.create_task(_keep_looking(app, owner_url, schedules, pace))
        try:
            await app.run_worker_async(
                queues=[QUEUE],
                concurrency=jobs_at_once,
                wait=not until_idle,
                update_heartbeat_interval=pace.beat_s,
                stalled_worker_timeout=pace.dead_s,
                fetch_job_polling_interval=pace.look_s,
            )
        finally:
            looking.cancel()
            LOG.info("The worker has ended")


async def _keep_looking(app: App, owner_url: str, schedules: Mapping[str, Schedule], pace: Pace) -> None:
    while True:
        await asyncio.sleep(pace.look_s)
        try:
            await _look(app, owner_url, schedules, pace)
        except (ConnectorException, OperationalError) as error:
            LOG.warning("Could not look for what is due: %s", type(error).__name__)


async def _look(app: App, owner_url: str, schedules: Mapping[str, Schedule], pace: Pace) -> None:
    await asyncio.to_thread(_take_back, owner_url, pace)
    for slot in await asyncio.to_thread(due, engine_for(owner_url), schedules):
        at = int(slot.slot.timestamp())
        deferrer = app.tasks[slot.name].configure(task_kwargs={"timestamp": at})
        # one statement, that one worker of two succeeds with
        if await app.job_manager.defer_periodic_job(deferrer.job, periodic_id="", defer_timestamp=at):
            LOG.info("%s: due since %s", slot.name, f"{slot.slot:%Y-%m-%d %H:%M} UTC")


def _take_back(owner_url: str, pace: Pace) -> None:
    """Let the jobs of workers that died run again, the later the more often they were begun."""
    with Session(engine_for(owner_url)) as db, db.begin():
        for job in db.execute(SQL["take_back"], {"dead_s": pace.dead_s}):
            LOG.warning("%s: its worker died; job %s runs again", job.name, job.job_id)

"""Do one job: as whom, alone, noted in operations.runs and in the log."""

import logging
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from typing import Final

from sqlalchemy.orm import Session

from rollbook.core.acting import account, act
from rollbook.core.database import lone_engine
from rollbook.core.errors import RollbookError
from rollbook.ops.jobs.errors import JobBusy, ScheduleUnknown
from rollbook.ops.jobs.schedules import SQL, Schedule
from rollbook.ops.runs import Noted, noted

LOG: Final = logging.getLogger("rollbook.worker")
_PATIENCE_S: Final = 30.0


def run_now(owner_url: str, schedules: Mapping[str, Schedule], name: str) -> Noted:
    """Do ``name`` here and now, whether it is due or not; return what it noted.

    Raises: ``ScheduleUnknown``; ``JobBusy``; what the job raises.
    """
    if name not in schedules:
        raise ScheduleUnknown(name=name)
    return _do(owner_url, schedules[name], None)


def perform(owner_url: str, schedule: Schedule, job_id: int) -> None:
    """Do a worker's job, unless it was done and its worker died before it could say so.

    Raises: ``JobBusy``; what the job raises.
    """
    if _ended_well(owner_url, schedule, job_id):
        LOG.info("%s: job %s was done already", schedule.name, job_id)
        return
    _do(owner_url, schedule, job_id)


def _do(owner_url: str, schedule: Schedule, job_id: int | None) -> Noted:
    purpose = f"rollbook worker {schedule.name}"
    request_id = f"job {job_id}" if job_id else "by hand"
    with act(account(), request_id=request_id, purpose=purpose), _alone(owner_url, schedule.name):
        with _told(schedule.name, job_id), noted(owner_url, f"worker.{schedule.name}") as run:
            if job_id:
                run.facts["job"] = str(job_id)
            _function(schedule)(run)
        facts = {name: fact for name, fact in run.facts.items() if name != "job"}
        LOG.info("%s: %s %s", schedule.name, "found something" if run.has_findings else "did", facts)
        return run


def _function(schedule: Schedule) -> Callable[[Noted], None]:
    module, _, name = schedule.runs.partition(":")
    function: Callable[[Noted], None] = getattr(import_module(module), name)
    return function


@contextmanager
def _told(name: str, job_id: int | None) -> Iterator[None]:
    """Tell the log that a job begins and how it ended; of an error that is not ours only its kind."""
    begun = time.monotonic()
    LOG.info("%s: begins (%s)", name, f"job {job_id}" if job_id else "by hand")
    try:
        yield
    except Exception as error:
        said = str(error) if isinstance(error, RollbookError) else type(error).__name__
        LOG.error("%s: failed after %.1f s: %s", name, time.monotonic() - begun, said)  # noqa: TRY400 -- a traceback may quote rows
        raise
    LOG.info("%s: ended after %.1f s", name, time.monotonic() - begun)


@contextmanager
def _alone(owner_url: str, name: str) -> Iterator[None]:
    """Run the block while nobody else does ``name``: a worker that was only slow may still be at it.

    Raises: ``JobBusy``.
    """
    with lone_engine(owner_url, autocommit=True).connect() as db:
        deadline = time.monotonic() + _PATIENCE_S
        while not db.execute(SQL["take_turn"], {"name": name}).scalar_one():
            if time.monotonic() > deadline:
                raise JobBusy(name=name)
            time.sleep(0.2)
        yield


def _ended_well(owner_url: str, schedule: Schedule, job_id: int) -> bool:
    asked = {"verb": f"worker.{schedule.name}", "job_id": str(job_id)}
    with Session(lone_engine(owner_url)) as db:
        return bool(db.execute(SQL["ended_well"], asked).scalar_one())

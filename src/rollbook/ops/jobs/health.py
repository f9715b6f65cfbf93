"""Look over the worker: does one run, and did a job fail?"""

from datetime import timedelta
from typing import Final

from sqlalchemy.orm import Session

from rollbook.core.checks import Checked, State, fine
from rollbook.ops.jobs.schedules import SQL

_QUIET: Final = timedelta(minutes=5)
_NAME: Final = "worker"


def look_over(db: Session) -> list[Checked]:
    """Return what is found; ``db`` is connected as the owner's role.

    Where no worker ever ran, somebody else calls the jobs, or nobody needs them yet.
    """
    found = db.execute(SQL["state"]).one()
    if not found.was_run:
        return [fine(_NAME, "No worker has run here: nothing is done by schedule.")]
    return [fine(_NAME, "A worker runs.") if is_alive(db) else _silent(), *_failed(found.failed)]


def is_alive(db: Session) -> bool:
    """Say whether a worker gave a sign of life in the last minutes."""
    beat_at, now = db.execute(SQL["state"]).one().beat_at, db.execute(SQL["now"]).scalar_one()
    return beat_at is not None and beat_at > now - _QUIET


def _silent() -> Checked:
    return Checked(
        _NAME,
        State.WARNING,
        "No worker runs: no backup is made by schedule, and no seal is set.",
        "rollbook worker run, as a service (docs/howto/worker.md).",
    )


def _failed(count: int) -> list[Checked]:
    if not count:
        return []
    sentence = f"{count} jobs of the worker failed, and are not tried again by themselves."
    return [Checked("jobs", State.WARNING, sentence, "rollbook worker jobs, then rollbook worker retry JOB.")]

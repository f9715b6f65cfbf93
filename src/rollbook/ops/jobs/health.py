"""Look over the worker: does one run, and did a job fail?"""

from datetime import timedelta
from typing import Final

from sqlalchemy.orm import Session

from rollbook.core.checks import Checked, State, fine
from rollbook.core.words import many
from rollbook.ops.jobs.schedules import SQL
from rollbook.ops.watch.quantities import span

_QUIET: Final = timedelta(minutes=5)
_NAME: Final = "worker"
_LONG_S: Final = 12 * 3600.0
_LONG_WAIT_S: Final = 6 * 3600.0
_SHOWN: Final = 3


def look_over(db: Session) -> list[Checked]:
    """Return what is found; ``db`` is connected as the owner's role.

    Where no worker ever ran, somebody else calls the jobs, or nobody needs them yet.
    """
    found = db.execute(SQL["state"]).one()
    if not found.was_run:
        return [fine(_NAME, "No worker has run here: nothing is done by schedule.")]
    if not is_alive(db):
        return [_silent(), *_failed(found.failed)]
    return [fine(_NAME, "A worker runs."), *_slow(db), *_failed(found.failed)]


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


def _slow(db: Session) -> list[Checked]:
    """Return what seems to hang: a job that never ends keeps its schedule from ever being due again."""
    slow = db.execute(SQL["slow"], {"running_s": _LONG_S, "waiting_s": _LONG_WAIT_S}).all()
    running = [f"{job.name} (job {job.job_id}) for {span(job.seconds)}" for job in slow if job.is_running]
    waiting = [f"{job.name} for {span(job.seconds)}" for job in slow if not job.is_running]
    found = []
    if running:
        sentence = f"A job is at work for so long that it may hang: {', '.join(running[:_SHOWN])}."
        mend = (
            "see what it waits for (rollbook monitor); to end it, restart the worker: it is begun again then"
        )
        found.append(Checked("job-hangs", State.WARNING, sentence, mend))
    if waiting:
        sentence = (
            f"{many(len(waiting), 'job is', 'jobs are')} due, and not begun: {', '.join(waiting[:_SHOWN])}."
        )
        mend = "raise ROLLBOOK_WORKER_JOBS, or start another worker"
        found.append(Checked("jobs-wait", State.WARNING, sentence, mend))
    return found


def _failed(count: int) -> list[Checked]:
    if not count:
        return []
    sentence = f"{many(count, 'job')} of the worker failed, and nobody tries again."
    return [Checked("jobs", State.WARNING, sentence, "rollbook worker jobs, then rollbook worker retry JOB.")]

"""Jobs as they stand, and letting one that failed run again."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import RowMapping
from sqlalchemy.orm import Session

from rollbook.ops.jobs.errors import JobUnknown
from rollbook.ops.jobs.schedules import SQL

State = Literal["todo", "doing", "succeeded", "failed", "cancelled", "aborted"]


@dataclass(frozen=True, slots=True)
class Job:
    """One job. ``error`` is what its latest run said, if that failed; ``retry_at``: it waits until then."""

    job_id: int
    name: str
    state: State
    attempts: int
    changed_at: datetime | None
    retry_at: datetime | None
    error: str | None


def list_jobs(db: Session, states: Sequence[State] | None = None, most: int = 50) -> list[Job]:
    """Return the jobs that are in one of ``states`` (none: all), the newest first."""
    found = db.execute(SQL["jobs"], {"states": states and list(states), "most": most})
    return [Job(**{**row, "error": _error(row)}) for row in found.mappings()]


def _error(row: RowMapping) -> str | None:
    """Return what went wrong; a worker that was killed could not say."""
    has_failed_silently = row["state"] == "failed" and row["error"] is None
    return "Its worker died at it, time and again." if has_failed_silently else row["error"]


def retry(db: Session, job_id: int) -> None:
    """Let a job that failed run again, as soon as a worker is free.

    Raises: ``JobUnknown``.
    """
    if not db.execute(SQL["is_failed"], {"job_id": job_id}).scalar_one():
        raise JobUnknown(job_id=job_id)
    db.execute(SQL["retry"], {"job_id": job_id})

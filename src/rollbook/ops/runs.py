"""What was done with the database itself, and how it ended: `operations.runs`, which pages and metrics read.

A run holds an advisory lock while it works, so that one whose process was killed is told from one that works.
"""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, Literal
from uuid import UUID

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from rollbook.core.database import lone_engine
from rollbook.core.errors import RollbookError
from rollbook.core.sql import named_sql

Outcome = Literal["running", "done", "findings", "failed", "abandoned"]
_SQL: Final = named_sql("rollbook.ops", "runs.sql")
_MOST: Final = 50


@dataclass(slots=True)
class Noted:
    """What a run says of itself: ``facts`` are figures and names of files, never of pupils.

    ``has_findings``: it did its work, and found what somebody must look at.
    """

    run_id: UUID
    facts: dict[str, Any] = field(default_factory=dict)
    has_findings: bool = False


@dataclass(frozen=True, slots=True)
class Run:
    """One run of an operation. ``abandoned``: its process ended without a word."""

    run_id: UUID
    verb: str
    began_at: datetime
    ended_at: datetime | None
    outcome: Outcome
    facts: dict[str, Any]


@contextmanager
def noted(owner_url: str, verb: str) -> Iterator[Noted]:
    """Note that the block runs as ``verb`` (such as "backup.create"), and how it ended.

    Over a connection of its own, outside of any transaction, so that a failure is noted too.
    Of an error that is ours the sentence is kept, of any other its type alone: its text may quote a row.
    What is raised goes on.
    """
    with lone_engine(owner_url, autocommit=True).connect() as db:
        run = Noted(db.execute(_SQL["begin"], {"verb": verb}).scalar_one())
        db.execute(_SQL["hold"], {"run_id": run.run_id})
        try:
            yield run
        except BaseException as error:
            _finish(db, run, "failed", run.facts | {"error": _said(error)})
            raise
        _finish(db, run, "findings" if run.has_findings else "done", run.facts)


@contextmanager
def remembered(owner_url: str, verb: str) -> Iterator[dict[str, Any]]:
    """Note in the end how the block went: for what makes or drops the very table that runs are noted in.

    The block fills the facts; without any there was nothing to do, and nothing is noted.
    """
    began_at, facts = datetime.now(UTC), dict[str, Any]()
    try:
        yield facts
    except BaseException as error:
        _record(owner_url, verb, began_at, "failed", facts | {"error": _said(error)})
        raise
    if facts:
        _record(owner_url, verb, began_at, "done", facts)


def _record(owner_url: str, verb: str, began_at: datetime, outcome: Outcome, facts: dict[str, Any]) -> None:
    with (
        suppress(DBAPIError),
        lone_engine(owner_url).begin() as db,
    ):  # what happened matters more than its note
        if db.execute(_SQL["is_kept"]).scalar_one():
            told = json.dumps(facts, default=str)
            run = {"verb": verb, "began_at": began_at, "outcome": outcome, "facts": told}
            db.execute(_SQL["record"], run)


def _said(error: BaseException) -> str:
    return str(error) if isinstance(error, RollbookError) else type(error).__name__


def _finish(db: Connection, run: Noted, outcome: Outcome, facts: dict[str, Any]) -> None:
    told = json.dumps(facts, default=str)
    db.execute(_SQL["finish"], {"run_id": run.run_id, "outcome": outcome, "facts": told})


def last_runs(db: Session, verbs: Sequence[str] | None = None, most: int = _MOST) -> list[Run]:
    """Return the latest runs of ``verbs`` (none: of all), newest first."""
    found = db.execute(_SQL["last_runs"], {"verbs": verbs and list(verbs), "most": most})
    return [Run(**row) for row in found.mappings()]


def last_done(db: Session) -> dict[str, Run]:
    """Return the latest run of each verb that ended well."""
    found = db.execute(_SQL["last_ended"], {"outcome": "done"}).mappings()
    return {row["verb"]: Run(outcome="done", **row) for row in found}


def last_of_each(db: Session, prefix: str = "") -> list[Run]:
    """Return the latest run of each verb that begins with ``prefix``, however it ended."""
    return [Run(**row) for row in db.execute(_SQL["last_of_each"], {"prefix": prefix}).mappings()]

"""How the database is, in sentences: what a page of the admin area can say with the application's role.

Two looks are laid upon each other: the last that somebody with more rights took and noted (`rollbook health
--note`, the worker), and one of this moment, of what the application itself may see.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy.orm import Session

from rollbook.core import clock
from rollbook.core.checks import State
from rollbook.core.words import many
from rollbook.ops.runs import Run, last_done, last_runs
from rollbook.ops.watch.health import Look, judge
from rollbook.ops.watch.measures import COSTLY, MEASURES, take
from rollbook.ops.watch.quantities import span
from rollbook.reporting.health import VERB, Finding, last_check_up

_SHOWN: Final = 30
_READ: Final = 500
_ROUTINE: Final = (VERB, "worker.")
_STALE: Final = timedelta(hours=3)
_ORDER: Final = {State.WRONG: 0, State.WARNING: 1, State.FINE: 2}
_WITHOUT: Final = COSTLY | {measure.name for measure in MEASURES if measure.held}
_OF_ALL: Final = "measures"  # what the application may not see is no fault here
_RESTORES: Final = ("backup.drill",)
_LAST: Final = {
    "backup.drill": "The last restore was proven",
    "backup.create": "The last backup was made",
    "backup.verify": "Backups were last verified",
    "archive.run": "Old months were last archived",
    "db.optimize": "Tables and indexes were last tidied",
    "health": "The server was last looked over in full",
}


@dataclass(frozen=True, slots=True)
class Operation:
    """One run of an operation on the database, as the page tells it."""

    verb: str
    outcome: str
    began_at: datetime
    seconds: float | None
    error: str | None


@dataclass(frozen=True, slots=True)
class Operations:
    """How the database is. ``looked_at``: when somebody with all rights last looked; None = never."""

    sentence: str
    sentences: Sequence[str]
    looked_at: datetime | None
    is_stale: bool
    findings: Sequence[Finding]
    runs: Sequence[Operation]


def operations(db: Session) -> Operations:
    """Return how the database is, worst things first."""
    last = last_check_up(db)
    looked_at, noted = last or (None, [])
    found = _laid_upon(noted, _now(db))
    return Operations(
        sentence=_sentence(found),
        sentences=_sentences(last_done(db)),
        looked_at=looked_at,
        is_stale=looked_at is None or clock.now() - looked_at > _STALE,
        findings=sorted(found, key=lambda one: _ORDER[one.checked.state]),
        runs=[_operation(run) for run in last_runs(db, most=_READ) if _is_news(run)][:_SHOWN],
    )


def _now(db: Session) -> list[Finding]:
    seen = take(db, without=_WITHOUT)
    return [Finding("server", checked) for checked in judge(Look(seen)) if checked.name != _OF_ALL]


def _laid_upon(noted: Sequence[Finding], now: Sequence[Finding]) -> list[Finding]:
    """Return each thing once: as it is now where that can be seen, else as it was noted."""
    found = {(one.section, one.checked.name): one for one in noted}
    return list((found | {(one.section, one.checked.name): one for one in now}).values())


def _sentence(found: Sequence[Finding]) -> str:
    states = [one.checked.state for one in found]
    wrong, warned = states.count(State.WRONG), states.count(State.WARNING)
    if not wrong + warned:
        return f"Nothing needs doing: {many(len(found), 'thing')} looked at."
    urgent = f", {wrong:,} of them now" if wrong else ""
    return f"{many(wrong + warned, 'thing needs', 'things need')} doing{urgent}."


def _sentences(done: dict[str, Run]) -> list[str]:
    """Say when each operation last ended well, what a restore is worth first."""
    told = [
        f"{told} {span((clock.now() - run.ended_at).total_seconds())} ago."
        for verb, told in _LAST.items()
        if (run := done.get(verb)) and run.ended_at is not None
    ]
    has_restored = any(verb in done for verb in _RESTORES)
    return told if has_restored else ["No restore has been proven yet: rollbook backup drill.", *told]


def _is_news(run: Run) -> bool:
    """Say whether a run is more than what is done every hour, or went wrong."""
    return run.outcome in ("failed", "abandoned") or not run.verb.startswith(_ROUTINE)


def _operation(run: Run) -> Operation:
    error: Any = run.facts.get("error")
    seconds = (run.ended_at - run.began_at).total_seconds() if run.ended_at else None
    return Operation(run.verb, run.outcome, run.began_at, seconds, error if isinstance(error, str) else None)

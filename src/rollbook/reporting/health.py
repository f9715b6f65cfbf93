"""Look over the server and everything that operates on it: each part says of its own what is wrong.

To let another part be heard, add a line to SECTIONS.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final

import psycopg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from rollbook.core.checks import Checked, State, fine
from rollbook.core.errors import RollbookError
from rollbook.core.progress import Report
from rollbook.core.settings import settings
from rollbook.ops import doctor as ops_doctor
from rollbook.ops import keys_health, migrate
from rollbook.ops.archive import health as archive_health
from rollbook.ops.archive.store import store_of
from rollbook.ops.jobs import health as jobs_health
from rollbook.ops.recovery import health as backup_health
from rollbook.ops.replicas import health as replicas_health
from rollbook.ops.runs import last_runs, noted
from rollbook.ops.server import ServerStatus
from rollbook.ops.tuning import health as tuning_health
from rollbook.ops.watch import health as watch_health
from rollbook.ops.watch import samples
from rollbook.ops.watch.measures import reason_of, watching
from rollbook.ops.watch.samples import disk_of, forget_looks, take_samples

VERB: Final = samples.LOOK
_ENDED: Final = ("done", "findings")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a look happens: the server, and a transaction as the tables' owner that reads only."""

    status: ServerStatus
    db: Session


@dataclass(frozen=True, slots=True)
class Section:
    """One part's look. ``on_any_schema``: it needs nothing of the newest schema."""

    name: str
    look: Callable[[Place], Iterable[Checked]]
    on_any_schema: bool = False


@dataclass(frozen=True, slots=True)
class Finding:
    """What one part's look found."""

    section: str
    checked: Checked


def _tuning(db: Session) -> list[Checked]:
    """Return what tuning finds; of invalid indexes the server's look tells already."""
    return [one for one in tuning_health.look_over(db) if one.name != "invalid-indexes"]


SECTIONS: Final = (
    Section("roles", lambda at: ops_doctor.look_over(at.db, is_ours=at.status.kind != "external"), True),
    Section("server", lambda at: watch_health.look_over(at.db, disk_of(at.status)), True),
    Section("backups", lambda _: backup_health.look_over(settings()), True),
    Section("archive", lambda at: archive_health.look_over(at.status.owner_url, store_of())),
    Section("replicas", lambda _: replicas_health.look_over(settings()), True),
    Section("tuning", lambda at: _tuning(at.db)),
    Section("worker", lambda at: jobs_health.look_over(at.db)),
    Section("keys", lambda at: [keys_health.look_over(at.status.owner_url)]),
)


def is_alive(status: ServerStatus) -> Checked:
    """Say whether PostgreSQL answers."""
    if status.running and status.url:
        return fine("alive", f"PostgreSQL {status.version} answers on {status.host}:{status.port}.")
    return Checked("alive", State.WRONG, "PostgreSQL does not answer.", "rollbook up")


def schema(missing: int) -> Checked:
    """Say whether the schema is the one of this release."""
    if not missing:
        return fine("schema", "The schema is up to date.")
    return Checked("schema", State.WRONG, f"The schema lacks {missing} steps.", "rollbook db migrate")


def look_over(status: ServerStatus, report: Report, *, deep: bool = True) -> Iterator[Finding]:
    """Yield whether the server answers and can be worked with, and if ``deep`` all else. Writes nothing."""
    alive = is_alive(status)
    yield Finding("server", alive)
    if alive.state is not State.FINE:
        return
    missing = len(migrate.pending(status.owner_url))
    yield Finding("server", schema(missing))
    if deep:
        report.step("Looking at the server")
        yield from look_at_sections(status, SECTIONS, with_schema=not missing)


def look_at_sections(
    status: ServerStatus, sections: Iterable[Section], *, with_schema: bool = True
) -> Iterator[Finding]:
    """Yield what each of ``sections`` finds; one that cannot be looked at says so, and costs no other."""
    for section in sections:
        if with_schema or section.on_any_schema:
            for checked in _looked(status, section):
                yield Finding(section.name, checked)


def _looked(status: ServerStatus, section: Section) -> list[Checked]:
    try:
        with watching(status.owner_url) as db:
            return list(section.look(Place(status, db)))
    except (DBAPIError, psycopg.Error, OSError, RollbookError) as error:
        why = _why(error)
        sentence = f"This could not be looked at: {why}."
        return [Checked(section.name, State.WARNING, sentence, "look again: rollbook health --deep")]


def _why(error: Exception) -> str:
    """Say what hindered a look, in words that quote nothing but our own errors."""
    if isinstance(error, RollbookError):
        return str(error).rstrip(".")
    if isinstance(error, OSError):
        return (error.strerror or type(error).__name__).lower()
    return reason_of(error)


def check_up(status: ServerStatus, report: Report) -> list[Finding]:
    """Look over everything, note what was found for pages and metrics, and sample the disk. Once an hour."""
    with noted(status.owner_url, VERB) as run:
        found = list(look_over(status, report))
        run.facts["checks"] = [told(finding) for finding in found]
        run.has_findings = worst(found) is not State.FINE
        take_samples(status)
    forget_looks(status)
    return found


def told(finding: Finding) -> dict[str, Any]:
    """Return a finding as a flat document."""
    return {"section": finding.section, **asdict(finding.checked)}


def last_check_up(db: Session) -> tuple[datetime, list[Finding]] | None:
    """Return when somebody last looked over everything, and what was found; None where nobody has."""
    ended = [run for run in last_runs(db, [VERB]) if run.outcome in _ENDED and run.ended_at is not None]
    if not ended or ended[0].ended_at is None:
        return None
    return ended[0].ended_at, [_again(document) for document in ended[0].facts.get("checks", [])]


def _again(document: dict[str, Any]) -> Finding:
    state = State(document["state"])
    return Finding(
        document["section"], Checked(document["name"], state, document["sentence"], document["mend"])
    )


def worst(found: Iterable[Finding]) -> State:
    """Return how bad the worst of them is."""
    states = {finding.checked.state for finding in found}
    return next((state for state in (State.WRONG, State.WARNING) if state in states), State.FINE)

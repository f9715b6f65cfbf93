"""What the measures mean, in sentences, and what to do about each."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

from sqlalchemy.orm import Session

from rollbook.core.checks import Checked, State, fine
from rollbook.core.words import many
from rollbook.ops.watch import health_relations, health_storage
from rollbook.ops.watch.bloat import Bloat, bloat_of
from rollbook.ops.watch.measures import Seen, take
from rollbook.ops.watch.quantities import share, span
from rollbook.ops.watch.samples import FREE, Disk, Growth, growth_of

_FULL: Final = 0.95
_NEARLY_FULL: Final = 0.8
_LONG_WAIT_S: Final = 30
_LONG_ACTIVE_S: Final = 3_600
_LONG_IDLE_S: Final = 600
_SHOWN: Final = 5


@dataclass(frozen=True, slots=True)
class Look:
    """All that is judged: what was measured, what tables waste, and the disk where it can be seen."""

    seen: Seen
    bloat: list[Bloat] = field(default_factory=list)
    disk: Disk | None = None
    growth: Growth | None = None


Rule = Callable[[Look], Checked | None]


def look_over(db: Session, disk: Disk | None = None) -> list[Checked]:
    """Measure and judge the server; ``db`` reads as the owner's role, who may see sessions (pg_monitor)."""
    return judge(look(db, disk))


def look(db: Session, disk: Disk | None = None) -> Look:
    """Take all measures, the costly ones too."""
    seen = take(db)
    growth = growth_of(db, FREE) if disk else None
    return Look(seen, bloat_of(db, list(seen.all("heaps"))), disk, growth)


def judge(looked: Look) -> list[Checked]:
    """Return what the measures mean. Of what could not be measured nothing is said, but that it could not."""
    return [*filter(None, (rule(looked) for rule in _RULES)), *_unseen(looked.seen)]


def _durability(looked: Look) -> Checked | None:
    server = looked.seen.one("server")
    if server is None:
        return None
    if server["is_durable"]:
        return fine("durability", f"PostgreSQL {server['version']} runs; what it confirms survives a crash.")
    return Checked(
        "durability",
        State.WRONG,
        "fsync or full_page_writes is off: a power failure may lose everything.",
        "ALTER SYSTEM RESET fsync; ALTER SYSTEM RESET full_page_writes; then restart PostgreSQL",
    )


def _connections(looked: Look) -> Checked | None:
    limit = looked.seen.one("connection_limit")
    if limit is None:
        return None
    used, most = limit["connections"], limit["most"]
    sentence = f"{used:,} of {many(most, 'connection')} in use ({share(used, most)})."
    if used < _NEARLY_FULL * most:
        return fine("connections", sentence)
    state = State.WRONG if used >= _FULL * most else State.WARNING
    mend = "see who holds them (rollbook monitor); put pgbouncer before the server, or raise max_connections"
    return Checked("connections", state, sentence, mend)


def _blocking(looked: Look) -> Checked | None:
    waits = looked.seen.one("waits")
    if waits is None:
        return None
    if waits["oldest_seconds"] < _LONG_WAIT_S:
        return fine("blocking", "No session has waited for a lock for long.")
    by = sorted({f"{row['blocking_pid']} ({_who(row)})" for row in looked.seen.all("blockers")})
    return Checked(
        "blocking",
        State.WARNING,
        f"{many(waits['sessions'], 'session')} waiting for a lock, one for {span(waits['oldest_seconds'])};"
        f" held by {', '.join(by[:_SHOWN]) or 'somebody who is gone'}.",
        "let that transaction end; if nobody knows it: SELECT pg_terminate_backend(PID)",
    )


def _who(row: object) -> str:
    assert isinstance(row, dict)
    return row["blocking_application"] or row["blocking_role"] or "a prepared transaction"


def _old_transactions(looked: Look) -> Checked | None:
    if "transactions" not in looked.seen.rows:
        return None
    ages = {row["kind"]: row["oldest_seconds"] for row in looked.seen.all("transactions")}
    limits = {"active": _LONG_ACTIVE_S, "idle in transaction": _LONG_IDLE_S, "prepared": _LONG_ACTIVE_S}
    old = [f"one {kind} for {span(ages[kind])}" for kind, most in limits.items() if ages[kind] > most]
    if not old:
        return fine("transactions", f"The oldest transaction began {span(max(ages.values()))} ago.")
    return Checked(
        "transactions",
        State.WARNING,
        f"Old transactions keep dead rows from being removed: {', '.join(old)}.",
        "rollbook monitor names them; end one by SELECT pg_terminate_backend(PID), a prepared one by"
        " ROLLBACK PREPARED",
    )


def _unseen(seen: Seen) -> Iterator[Checked]:
    """Say what could not be measured. What this version of PostgreSQL does not have is no fault."""
    if not seen.lost:
        absent = f"; this PostgreSQL has no {', '.join(seen.absent)}" if seen.absent else ""
        yield fine("measures", f"All {many(len(seen.rows), 'measure')} were taken{absent}.")
        return
    reasons = [f"{name} ({why})" for name, why in seen.lost.items()]
    more = f" and {len(reasons) - _SHOWN} more" if len(reasons) > _SHOWN else ""
    server = seen.one("server")
    yield Checked(
        "measures",
        State.WARNING,
        f"{many(len(reasons), 'measure')} could not be taken: {', '.join(reasons[:_SHOWN])}{more}.",
        f"as a superuser: GRANT pg_monitor TO {server['role'] if server else 'the owner'};"
        " or look again when nothing holds a lock",
    )


_RULES: Final[tuple[Rule, ...]] = (
    _durability,
    _connections,
    _blocking,
    _old_transactions,
    lambda looked: health_storage.replication(looked.seen),
    lambda looked: health_storage.slots(looked.seen),
    lambda looked: health_storage.archiving(looked.seen),
    lambda looked: health_storage.checkpoints(looked.seen),
    lambda looked: health_storage.cache(looked.seen),
    lambda looked: health_storage.checksums(looked.seen),
    lambda looked: health_storage.disk(looked.disk, looked.growth),
    lambda looked: health_relations.vacuum(looked.seen),
    lambda looked: health_relations.bloat(looked.seen, looked.bloat),
    lambda looked: health_relations.wraparound(looked.seen),
    lambda looked: health_relations.sequences(looked.seen),
    lambda looked: health_relations.indexes(looked.seen),
    lambda looked: health_relations.constraints(looked.seen),
)

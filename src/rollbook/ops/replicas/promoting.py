"""A replica takes the primary's place: never while that takes writes. It is stopped first, and fenced."""

import re
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from rollbook.core.progress import Report
from rollbook.core.settings import Settings
from rollbook.ops import postmaster, server
from rollbook.ops.cluster import server_environment
from rollbook.ops.embedded import connect_as_superuser, home_of
from rollbook.ops.home import Home
from rollbook.ops.replicas import making
from rollbook.ops.replicas.errors import (
    PrimaryAlive,
    PromotionUnfinished,
    ReplicaBehind,
    ReplicaLacks,
    ReplicaNotRunning,
)
from rollbook.ops.replicas.making import Replica
from rollbook.ops.swap import Swap

FORMER: Final = "former"
_PROMOTED_WITHIN_S: Final = 60
_CAUGHT_UP_WITHIN_S: Final = 30
_CHECKPOINT: Final = re.compile(r"^Latest checkpoint location:\s+([0-9A-F]+/[0-9A-F]+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Promoted:
    """What came of it: the new timeline, and where the former primary's data lies, if there were any."""

    name: str
    timeline: int
    former: Path | None


def promote(  # noqa: PLR0913 -- an option each
    settings: Settings,
    name: str,
    report: Report,
    *,
    stop_primary: bool = False,
    accept_loss: bool = False,
    durable: bool = True,
) -> Promoted:
    """Let a replica take the place of the primary, at its address; return what became of both.

    The former primary's data are put aside, marked so that they take no writes even if started by hand.
    Can be run again where it was interrupted. ``accept_loss``: the replica may lack the end of what the
    primary wrote.
    Raises: ``ReplicaElsewhere``; ``ReplicaNotFound``; ``PrimaryAlive``; ``ReplicaBehind``; ``ReplicaLacks``;
            ``ReplicaNotRunning``; ``PromotionUnfinished``; ``ServerStillStopping``.
    """
    replica, home = making.find(settings, name), home_of(settings)
    with home.locked(report), replica.home.locked(report):
        _end_primary(settings, replica, report, stop_primary=stop_primary)
        making.run(settings, replica, report, durable=durable)
        if not accept_loss:
            _require_all(settings, replica)
        report.step("Promoting the replica")
        timeline = _raise_timeline(replica)
        making.halt(replica.home)
        former = _take_place(home, replica)
    server.up(settings, report, durable=durable)
    _let_others_follow(settings)
    return Promoted(name, timeline, former)


def _end_primary(settings: Settings, replica: Replica, report: Report, *, stop_primary: bool) -> None:
    """Stop the primary, if it lives and that is wanted; the replica has then all that it wrote."""
    found = postmaster.find_postmaster(replica.primary.data)
    if found is None:
        return
    if not stop_primary:
        raise PrimaryAlive(pid=found.pid)
    _require_close(settings, replica)
    report.step("Stopping the primary")
    # a primary that is stopped sends its replicas everything before it ends
    making.halt(replica.primary)


def _require_close(settings: Settings, replica: Replica) -> None:
    if postmaster.find_postmaster(replica.home.data) is None:
        raise ReplicaNotRunning(name=replica.name)
    with connect_as_superuser(settings) as db:
        row = db.execute("SELECT pg_current_wal_flush_lsn()::text").fetchone()
    assert row is not None
    missing, deadline = 1, time.monotonic() + _CAUGHT_UP_WITHIN_S
    while missing > 0:
        if time.monotonic() > deadline:
            raise ReplicaBehind(name=replica.name, bytes=missing)
        with making.connect(replica) as db:
            told = db.execute(
                "SELECT pg_wal_lsn_diff(%s::pg_lsn, pg_last_wal_replay_lsn())::bigint", [row[0]]
            ).fetchone()
        missing = int(str(told[0])) if told and told[0] is not None else 1
        time.sleep(0.05)


def _require_all(settings: Settings, replica: Replica) -> None:
    """See that the replica has replayed what the stopped primary's files say was written, at least.

    Of a primary that crashed they say only how far its last checkpoint was.
    Raises: ``ReplicaLacks``.
    """
    wanted = _checkpoint_of(settings, replica.primary)
    deadline = time.monotonic() + _CAUGHT_UP_WITHIN_S
    while wanted and (missing := _missing(replica, wanted)) > 0:
        if time.monotonic() > deadline:
            raise ReplicaLacks(name=replica.name, bytes=missing)
        time.sleep(0.1)


def _checkpoint_of(settings: Settings, home: Home) -> str | None:
    """Return where the last checkpoint of the data in ``home`` is; none where there are none to ask."""
    if not home.data.exists():
        return None
    cluster = making.cluster_of(settings, home)
    program = cluster.binaries.program("pg_controldata")
    said = cluster.account.run([program, "-D", str(home.data)], env=server_environment())
    found = _CHECKPOINT.search(said.stdout)
    return found[1] if found else None


def _missing(replica: Replica, wanted: str) -> int:
    """Return how many bytes of the log the replica lacks; one that takes writes already is past asking."""
    with making.connect(replica) as db:
        row = db.execute(
            "SELECT CASE WHEN pg_is_in_recovery()"
            " THEN coalesce(pg_wal_lsn_diff(%s::pg_lsn, pg_last_wal_replay_lsn()), 1) ELSE 0 END::bigint",
            [wanted],
        ).fetchone()
    return int(str(row[0])) if row else 1


def _raise_timeline(replica: Replica) -> int:
    """Let the replica end its recovery; return its new timeline.

    Raises: ``PromotionUnfinished``.
    """
    with making.connect(replica) as db:
        row = db.execute(
            "SELECT NOT pg_is_in_recovery() OR pg_promote(true, %s)", [_PROMOTED_WITHIN_S]
        ).fetchone()
        if row != (True,):
            raise PromotionUnfinished(name=replica.name, seconds=_PROMOTED_WITHIN_S, log=replica.home.log)
        db.execute("ALTER SYSTEM RESET primary_conninfo")
        db.execute("ALTER SYSTEM RESET primary_slot_name")
        db.execute("CHECKPOINT")
        found = db.execute("SELECT timeline_id FROM pg_control_checkpoint()").fetchone()
    assert found is not None
    return int(str(found[0]))


def _take_place(home: Home, replica: Replica) -> Path | None:
    """Put the former primary's data aside, fenced, and the replica's where they were.

    What is killed in between, the next `up` finishes.
    """
    former = home.path / FORMER / f"{datetime.now(UTC):%Y%m%dT%H%M%S}"
    has_data = home.data.exists()
    if has_data:
        former.parent.mkdir(mode=0o711, exist_ok=True)
        # whoever starts it by hand gets a server that follows nobody, and takes no writes
        (home.data / "standby.signal").touch()
    Swap(home, replica.home.data, former).do()
    return former if has_data else None


def _let_others_follow(settings: Settings) -> None:
    """Make the slots of the other replicas on the new primary: they change to its timeline by themselves."""
    with connect_as_superuser(settings) as db:
        for other in making.every_replica(settings):
            db.execute(
                "SELECT pg_create_physical_replication_slot(%(slot)s, true)"
                " WHERE NOT EXISTS (SELECT FROM pg_replication_slots WHERE slot_name = %(slot)s)",
                {"slot": other.slot},
            )

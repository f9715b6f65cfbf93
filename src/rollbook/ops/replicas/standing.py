"""How replicas stand: do they follow, how far behind are they, and is any of them no replica any more."""

from dataclasses import dataclass, replace
from typing import Final, Literal

import psycopg

from rollbook.core.settings import Settings
from rollbook.ops import postmaster, server
from rollbook.ops.embedded import connect_as_superuser
from rollbook.ops.errors import ServerNotRunning
from rollbook.ops.replicas.making import Replica, connect, every_replica
from rollbook.ops.roles import Connection

_EXTERNAL: Final = "external"
_ITS_OWN: Final = """
SELECT
    pg_is_in_recovery(),
    CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_insert_lsn() END::text,
    extract(epoch FROM now() - pg_last_xact_replay_timestamp())::float8,
    (SELECT system_identifier FROM pg_control_system()),
    (SELECT timeline_id FROM pg_control_checkpoint())
"""
_SLOT: Final = """
SELECT wal_status, active, pg_wal_lsn_diff(pg_current_wal_flush_lsn(), %s::pg_lsn)::bigint
FROM (SELECT 1) AS one
LEFT JOIN pg_replication_slots ON slot_name = %s
"""
_TIMEOUT_S: Final = 5


@dataclass(frozen=True, slots=True)
class Standing:
    """How a replica stands.

    Units:  ``behind_bytes`` of what the primary has written; none = the primary did not say.
            ``silent_s`` seconds since the last transaction that it replayed was committed.
    Shape:  ``slot``: reserved, extended, unreserved, lost, or none where the primary has none for it.
    """

    name: str
    kind: Literal["embedded", "external"]
    is_running: bool
    follows: bool = False
    takes_writes: bool = False
    port: int | None = None
    replayed: str | None = None
    behind_bytes: int | None = None
    silent_s: float | None = None
    slot: str | None = None
    is_streaming: bool = False
    system_identifier: int | None = None
    timeline: int | None = None


def status_of(settings: Settings) -> list[Standing]:
    """Return how each replica stands that is on this machine or named in the settings."""
    ours = [] if server.is_external(settings) else every_replica(settings)
    found = [_standing(settings, replica) for replica in ours]
    return [*found, *([_external(settings.replica_url.get_secret_value())] if settings.replica_url else [])]


def _standing(settings: Settings, replica: Replica) -> Standing:
    running = postmaster.find_postmaster(replica.home.data)
    if running is None:
        return Standing(replica.name, "embedded", is_running=False)
    try:
        with connect(replica) as db:
            told = _told(db, replica.name, "embedded", running.port)
    except (psycopg.OperationalError, KeyError):
        return Standing(replica.name, "embedded", is_running=False, port=running.port)
    return _with_slot(settings, replica, told)


def _told(db: Connection, name: str, kind: Literal["embedded", "external"], port: int | None) -> Standing:
    row = db.execute(_ITS_OWN).fetchone()
    assert row is not None
    in_recovery, replayed, silent_s, system, timeline = row
    return Standing(
        name,
        kind,
        is_running=True,
        follows=bool(in_recovery),
        takes_writes=not in_recovery,
        port=port,
        replayed=str(replayed) if replayed else None,
        silent_s=float(str(silent_s)) if silent_s is not None else None,
        system_identifier=int(str(system)),
        timeline=int(str(timeline)),
    )


def _with_slot(settings: Settings, replica: Replica, told: Standing) -> Standing:
    """Add what the primary says of it."""
    try:
        with connect_as_superuser(settings) as db:
            row = db.execute(_SLOT, [told.replayed or "0/0", replica.slot]).fetchone()
    except (ServerNotRunning, psycopg.Error):
        return told
    assert row is not None
    status, active, behind = row
    return replace(
        told,
        slot=str(status) if status else None,
        is_streaming=bool(active),
        behind_bytes=max(0, int(str(behind))) if told.follows else None,
    )


def _external(url: str) -> Standing:
    try:
        with psycopg.connect(url, connect_timeout=_TIMEOUT_S, autocommit=True) as db:
            return _told(db, _EXTERNAL, "external", db.info.port)
    except psycopg.Error:
        return Standing(_EXTERNAL, "external", is_running=False)

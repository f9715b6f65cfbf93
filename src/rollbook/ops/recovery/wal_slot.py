"""The replication slot that makes the server keep its log until it is in the repository."""

from dataclasses import dataclass
from typing import Any, Final

import psycopg

from rollbook.ops.recovery.errors import WalSlotUnavailable
from rollbook.ops.roles import Connection

SLOT: Final = "rollbook_wal"
_STATE: Final = """
SELECT
    active,
    wal_status,
    coalesce(pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn), 0)::bigint,
    restart_lsn >= now.lsn,
    now.lsn::text,
    now.at,
    ('x' || left(pg_walfile_name(now.lsn), 8))::bit(32)::int
FROM pg_replication_slots
CROSS JOIN (SELECT clock_timestamp() AS at, pg_current_wal_flush_lsn() AS lsn OFFSET 0) AS now
WHERE slot_name = %s
"""


@dataclass(frozen=True, slots=True)
class SlotState:
    """The slot as the server sees it.

    Shape:  ``status`` is "reserved", "extended", "unreserved" or "lost"; ``held_bytes`` of log wait for its
    reader; ``is_level``: the reader has all that was written by ``at``, up to ``lsn``.
    """

    is_active: bool
    status: str
    held_bytes: int
    is_level: bool
    lsn: str
    at: Any
    timeline: int

    @property
    def is_lost(self) -> bool:
        """Whether the server gave up keeping the log for it."""
        return self.status == "lost"


def slot_state(db: Connection) -> SlotState | None:
    """Return the slot's state; None if there is none."""
    found: Any = db.execute(_STATE, [SLOT]).fetchone()
    return SlotState(*found) if found else None


def ensure_slot(db: Connection) -> None:
    """Make the slot, unless it is there, keeping the log from here on.

    A lost one is replaced: what was written meanwhile is gone, which the repository's catalog shows as a gap.
    Raises: ``WalSlotUnavailable``.
    """
    state = slot_state(db)
    if state is not None and state.is_lost:
        drop_slot(db)
        state = None
    if state is not None:
        if state.is_active:  # by the child of a process that was killed: who calls this has the spool's lock
            _end_reader(db)
        return
    try:
        db.execute("SELECT pg_create_physical_replication_slot(%s, true)", [SLOT])
    except psycopg.Error as error:
        raise WalSlotUnavailable(reason=str(error).splitlines()[0]) from error


def drop_slot(db: Connection) -> bool:
    """Drop the slot, ending its reader; return whether there was one. The server keeps no log for it then."""
    if slot_state(db) is None:
        return False
    _end_reader(db)
    db.execute("SELECT pg_drop_replication_slot(%s)", [SLOT])
    return True


def _end_reader(db: Connection) -> None:
    db.execute(
        "SELECT pg_terminate_backend(active_pid, 10000) FROM pg_replication_slots"
        " WHERE slot_name = %s AND active_pid IS NOT NULL",
        [SLOT],
    )

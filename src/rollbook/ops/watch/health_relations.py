"""What the measures of tables, indexes, sequences and constraints mean."""

from typing import Final

from rollbook.core.checks import Checked, State, fine
from rollbook.core.words import many
from rollbook.ops.watch.bloat import Bloat
from rollbook.ops.watch.measures import Seen
from rollbook.ops.watch.quantities import share, size

_MANY_DEAD: Final = 100_000
_DEAD_SHARE: Final = 0.3
_WASTED: Final = 64 * 1024**2
_WASTED_SHARE: Final = 0.4
_LAST_ID: Final = 2**31
_OLD_ID: Final = 0.4
_VERY_OLD_ID: Final = 0.7
_USED: Final = 0.7
_USED_UP: Final = 0.9
_SHOWN: Final = 5


def vacuum(seen: Seen) -> Checked | None:
    """Say where dead rows are left."""
    server = seen.one("server")
    if server is None or "tables" not in seen.rows:
        return None
    if not server["vacuums"]:
        sentence = "autovacuum or track_counts is off: dead rows are never removed."
        return Checked("vacuum", State.WRONG, sentence, "ALTER SYSTEM RESET autovacuum, track_counts; reload")
    full = [
        row["table_name"]
        for row in seen.all("tables")
        if row["dead"] > _MANY_DEAD and row["dead"] > _DEAD_SHARE * (row["live"] + row["dead"])
    ]
    if full:
        sentence = f"Dead rows are left in {_listed(full)}."
        return Checked("vacuum", State.WARNING, sentence, "rollbook db optimize; look for old transactions")
    dead = sum(row["dead"] for row in seen.all("tables"))
    return fine("vacuum", f"{many(dead, 'dead row')} in all tables, which vacuum will remove.")


def bloat(seen: Seen, found: list[Bloat]) -> Checked | None:
    """Say which tables waste much of their pages."""
    if "heaps" not in seen.rows:
        return None
    wasteful = [
        one
        for one in found
        if one.wasted_bytes > _WASTED and one.wasted_bytes > _WASTED_SHARE * one.total_bytes
    ]
    total = sum(one.wasted_bytes for one in found)
    if not wasteful:
        return fine("bloat", f"About {size(total)} of the largest tables' pages are empty, none much.")
    told = [f"{one.table_name} ({size(one.wasted_bytes)} of {size(one.total_bytes)})" for one in wasteful]
    sentence = f"About so much is wasted in {_listed(told)}."
    return Checked("bloat", State.WARNING, sentence, "rollbook db optimize; VACUUM FULL when nobody works")


def wraparound(seen: Seen) -> Checked | None:
    """Say how near the numbers of transactions are to their end, where PostgreSQL stops writing."""
    oldest = seen.one("wraparound")
    if oldest is None:
        return None
    used = max(oldest["transactions"], oldest["multixacts"])
    sentence = f"{share(used, _LAST_ID)} of the transaction numbers are used up, in {oldest['database']}."
    if used < _OLD_ID * _LAST_ID:
        return fine("wraparound", sentence)
    state = State.WRONG if used >= _VERY_OLD_ID * _LAST_ID else State.WARNING
    mend = "end old transactions, drop unused slots, then VACUUM (FREEZE) in that database"
    return Checked("wraparound", state, sentence, mend)


def sequences(seen: Seen) -> Checked | None:
    """Say which keys will run out of numbers."""
    if "sequences" not in seen.rows:
        return None
    rows = seen.all("sequences")
    worn = [row for row in rows if row["last"] > _USED * row["most"]]
    if not worn:
        return fine("sequences", "No key is near the end of its numbers.")
    told = [
        f"{row['table_name'] or row['sequence_name']} ({share(row['last'], row['most'])})" for row in worn
    ]
    gone = any(row["last"] > _USED_UP * row["most"] for row in worn)
    return Checked(
        "sequences",
        State.WRONG if gone else State.WARNING,
        f"Numbers run out in {_listed(told)}.",
        "ALTER TABLE ... ALTER COLUMN ... TYPE bigint, and the columns that refer to it",
    )


def indexes(seen: Seen) -> Checked | None:
    """Say which indexes were not built to their end."""
    if "invalid_indexes" not in seen.rows:
        return None
    names = [row["index_name"] for row in seen.all("invalid_indexes")]
    if not names:
        return fine("indexes", "Every index is valid.")
    sentence = f"Building {_listed(names)} failed: no query uses it, and every write pays for it."
    return Checked("indexes", State.WARNING, sentence, "rollbook db optimize")


def constraints(seen: Seen) -> Checked | None:
    """Say which constraints old rows may break."""
    if "unvalidated" not in seen.rows:
        return None
    rows = seen.all("unvalidated")
    if not rows:
        return fine("constraints", "Every constraint was checked against every row.")
    told = [f"{row['table_name']}.{row['constraint_name']}" for row in rows]
    mend = "ALTER TABLE ... VALIDATE CONSTRAINT ..., one after another"
    return Checked("constraints", State.WARNING, f"Old rows were not checked against {_listed(told)}.", mend)


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more

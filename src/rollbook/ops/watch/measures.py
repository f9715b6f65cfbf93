"""Measures of the server, each taken by itself: what one cannot read does not cost the others."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import TextClause, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from rollbook.core.database import engine_for
from rollbook.core.sql import named_sql

Row = Mapping[str, Any]

_PACKAGE: Final = "rollbook.ops.watch"
_SESSIONS: Final = named_sql(_PACKAGE, "sessions.sql")
_STANDBYS: Final = named_sql(_PACKAGE, "standbys.sql")
_CLUSTER: Final = named_sql(_PACKAGE, "cluster.sql")
_RELATIONS: Final = named_sql(_PACKAGE, "relations.sql")
_READS_STATS: Final = "pg_read_all_stats"
_MONITORS: Final = "pg_monitor"
# What cannot be answered at once is not waited for: a look must never stand in somebody's way.
_IN_A_HURRY: Final = text(
    "SELECT set_config('statement_timeout', '5s', true), set_config('lock_timeout', '200ms', true)"
)
_READ_ONLY: Final = text("SET TRANSACTION READ ONLY")
_REASONS: Final = {
    "42501": "the role may not read it",
    "42703": "a column that it reads is not there",
    "42P01": "a relation that it reads is not there",
    "42883": "a function that it calls is not there",
    "55P03": "something that it reads is locked",
    "57014": "it took too long",
}


@dataclass(frozen=True, slots=True)
class Measure:
    """One query. ``needs``: the relation or function without which this PostgreSQL has no such measure.

    ``held``: the predefined role without whose rights the query would answer, but not tell all.
    ``costly``: it reads more than a scrape every few seconds should.
    """

    name: str
    sql: TextClause
    needs: str | None = None
    held: str | None = None
    or_else: TextClause | None = None
    costly: bool = False


MEASURES: Final = (
    Measure("server", _CLUSTER["server"]),
    Measure("connections", _SESSIONS["connections"], held=_READS_STATS),
    Measure("connection_limit", _SESSIONS["connection_limit"], held=_READS_STATS),
    Measure("waits", _SESSIONS["waits"], held=_READS_STATS),
    Measure("blockers", _SESSIONS["blockers"], held=_READS_STATS),
    Measure("locks", _SESSIONS["locks"]),
    Measure("transactions", _SESSIONS["transactions"], held=_READS_STATS),
    Measure("old_sessions", _SESSIONS["old_sessions"], held=_READS_STATS),
    Measure("replication", _STANDBYS["replication"], held=_READS_STATS),
    Measure("replicas", _STANDBYS["replicas"], held=_READS_STATS),
    Measure("standby", _STANDBYS["standby"]),
    Measure("slot_totals", _STANDBYS["slot_totals"]),
    Measure("slots", _STANDBYS["slots"]),
    Measure("wal", _CLUSTER["wal"], needs="pg_stat_wal"),
    Measure("wal_files", _CLUSTER["wal_files"], held=_MONITORS),
    Measure("archiver", _CLUSTER["archiver"]),
    Measure("archive_waiting", _CLUSTER["archive_waiting"], held=_MONITORS),
    Measure(
        "checkpoints",
        _CLUSTER["checkpoints"],
        needs="pg_stat_checkpointer",
        or_else=_CLUSTER["checkpoints_by_writer"],
    ),
    Measure("database", _CLUSTER["database"]),
    Measure("checksums", _CLUSTER["checksums"]),
    Measure("io", _CLUSTER["io"], needs="pg_stat_io"),
    Measure("wraparound", _CLUSTER["wraparound"]),
    Measure("tables", _RELATIONS["tables"]),
    Measure("heaps", _RELATIONS["heaps"], costly=True),
    Measure("sequences", _RELATIONS["sequences"], costly=True),
    Measure("invalid_indexes", _RELATIONS["invalid_indexes"]),
    Measure("unvalidated", _RELATIONS["unvalidated"]),
)
COSTLY: Final = frozenset(measure.name for measure in MEASURES if measure.costly)


@dataclass(slots=True)
class Seen:
    """What was measured. A measure is in ``rows``, or in ``lost`` with the reason, or in ``absent``."""

    rows: dict[str, Sequence[Row]] = field(default_factory=dict)
    lost: dict[str, str] = field(default_factory=dict)
    absent: list[str] = field(default_factory=list)

    def one(self, name: str) -> Row | None:
        """Return the only row of a measure, or None where it was not taken."""
        rows = self.rows.get(name)
        return rows[0] if rows else None

    def all(self, name: str) -> Sequence[Row]:
        """Return the rows of a measure; none where it was not taken."""
        return self.rows.get(name, ())


@contextmanager
def watching(url: str) -> Iterator[Session]:
    """Lend a transaction that reads only and waits for nobody; what it sees is of one moment."""
    with Session(engine_for(url)) as db, db.begin():
        db.execute(_READ_ONLY)
        db.execute(_IN_A_HURRY)
        yield db


def take(db: Session, without: Collection[str] = (), measures: Sequence[Measure] = MEASURES) -> Seen:
    """Take the measures, but not those ``without``, each in a savepoint of its own.

    Raises: whatever ends the connection; all else loses one measure.
    """
    wanted = [measure for measure in measures if measure.name not in without]
    present = set(db.scalars(_CLUSTER["present"], {"names": [one.needs for one in wanted if one.needs]}))
    held = set(db.scalars(_CLUSTER["held"], {"names": [one.held for one in wanted if one.held]}))
    seen = Seen()
    for measure in wanted:
        sql = measure.sql if measure.needs is None or measure.needs in present else measure.or_else
        if sql is None:
            seen.absent.append(measure.name)
        elif measure.held and measure.held not in held:
            seen.lost[measure.name] = f"the role has not the rights of {measure.held}"
        else:
            _take(db, seen, measure.name, sql)
    return seen


def _take(db: Session, seen: Seen, name: str, sql: TextClause) -> None:
    try:
        with db.begin_nested():
            seen.rows[name] = [dict(row) for row in db.execute(sql).mappings()]
    except DBAPIError as error:
        if error.connection_invalidated:
            raise
        seen.lost[name] = reason_of(error)


def reason_of(error: Exception) -> str:
    """Say why a measure was lost, in a few words that quote nothing; SQLAlchemy's error, or the driver's."""
    said = getattr(error, "orig", error)
    state = getattr(said, "sqlstate", None) or "no state"
    return _REASONS.get(state, f"PostgreSQL said {type(said).__name__} ({state})")

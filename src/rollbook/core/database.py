"""Connections: one engine per URL, with timeouts that protect the server, and us from one that is silent."""

from collections.abc import Callable
from typing import Final

from sqlalchemy import URL, Connection, Engine, NullPool, create_engine, event, make_url

from rollbook.core import retrying
from rollbook.core.pool import Watch, WatchedPool, cores, size_for
from rollbook.core.settings import settings

_IDLE_S: Final = 300
# A network that swallows everything is noticed in about a minute, also in the middle of a statement.
NOTICE_SILENCE: Final = {
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 60_000,
}
_engines: Final[dict[tuple[str, int], Engine]] = {}


def engine_for(url: str, *, statement_timeout_s: int | None = None) -> Engine:
    """Return the engine for a PostgreSQL URL (``postgresql://...``): one per process, URL and timeout.

    Fit for a pooler in transaction mode (pgbouncer), where one connection serves somebody else from one
    transaction to the next: prepared statements are off, and what a transaction needs it sets for itself,
    since such a pooler refuses the start-up parameter ``options``.
    Units: 0 seconds = no limit; a job's transaction may then also wait long for Python, as learning does.
    """
    timeout_s = settings().statement_timeout_s if statement_timeout_s is None else statement_timeout_s
    if (url, timeout_s) not in _engines:
        _engines[url, timeout_s] = _make_engine(url, timeout_s)
    return _engines[url, timeout_s]


def lone_engine(url: str, *, autocommit: bool = False) -> Engine:
    """Return an engine whose connections are each opened anew, and limit no statement.

    For what is held as long as other work takes, as a lock or a note of it: a firewall that forgets quiet
    connections hears of this one, and one that is dead is noticed.
    """
    plain = make_url(url.replace("postgres://", "postgresql://", 1))
    how = _how_to_connect(plain, settings().connect_timeout_s)
    isolation = {"isolation_level": "AUTOCOMMIT"} if autocommit else {}
    return create_engine(plain, poolclass=NullPool, connect_args=how, hide_parameters=True, **isolation)


def close_engines(url: str) -> None:
    """Close the connections to a database that this process will not ask for again."""
    for key in [key for key in _engines if key[0] == url]:
        _engines.pop(key).dispose()


def _make_engine(url: str, timeout_s: int) -> Engine:
    known = settings()
    size = known.pool_size or size_for(cores())
    overflow = size if known.pool_overflow is None else known.pool_overflow
    plain = make_url(url.replace("postgres://", "postgresql://", 1))
    engine = create_engine(
        plain,
        connect_args=_how_to_connect(plain, known.connect_timeout_s),
        hide_parameters=True,  # an error must not carry names or password hashes into a log
        poolclass=WatchedPool,
        pool_size=size,
        max_overflow=overflow,
        pool_timeout=known.pool_timeout_s,
        pool_pre_ping=True,
        pool_recycle=known.pool_recycle_s,
    )
    _watch(engine, size + overflow)
    event.listen(engine, "begin", _limit(timeout_s))
    event.listen(engine, "commit", retrying.note_commit)
    return engine


def _how_to_connect(url: URL, timeout_s: int) -> dict[str, object]:
    """Return what the driver is told; what the URL says itself stands."""
    wanted = {"connect_timeout": timeout_s, **NOTICE_SILENCE, "application_name": "rollbook"}
    told = {name: value for name, value in wanted.items() if name not in url.query}
    return told | {"prepare_threshold": None}


def _watch(engine: Engine, limit: int) -> None:
    assert isinstance(engine.pool, WatchedPool)
    engine.pool.watch = Watch(limit)
    engine.pool.watch.listen(engine.pool)


def _limit(timeout_s: int) -> Callable[[Connection], None]:
    """Return what bounds each transaction, and puts it in UTC, until it ends."""
    # SET takes no snapshot: a transaction may still choose how it is isolated.
    statement = (
        f"SET LOCAL statement_timeout = '{timeout_s}s';"
        f" SET LOCAL idle_in_transaction_session_timeout = '{_IDLE_S if timeout_s else 0}s';"
        " SET LOCAL timezone = 'UTC'"
    )

    def limit(connection: Connection) -> None:
        connection.exec_driver_sql(statement)

    return limit

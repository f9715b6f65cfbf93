"""Connections: one engine per URL, with timeouts that protect the server."""

from collections.abc import Callable
from typing import Final

from sqlalchemy import Connection, Engine, create_engine, event

from rollbook.core.settings import settings

_IDLE_S: Final = 300
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


def close_engines(url: str) -> None:
    """Close the connections to a database that this process will not ask for again."""
    for key in [key for key in _engines if key[0] == url]:
        _engines.pop(key).dispose()


def _make_engine(url: str, timeout_s: int) -> Engine:
    engine = create_engine(
        url.replace("postgres://", "postgresql://", 1),
        connect_args={"prepare_threshold": None, "application_name": "rollbook"},
        hide_parameters=True,  # an error must not carry names or password hashes into a log
        pool_size=5,
        max_overflow=5,
        pool_pre_ping=True,
        pool_recycle=1800,
    )
    event.listen(engine, "begin", _limit(timeout_s))
    return engine


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

"""Connections: one engine per URL, with timeouts that protect the server."""

from typing import Final

from sqlalchemy import Engine, create_engine

from rollbook.core.settings import settings

_IDLE_S: Final = 300
_engines: Final[dict[tuple[str, int], Engine]] = {}


def engine_for(url: str, *, statement_timeout_s: int | None = None) -> Engine:
    """Return the engine for a PostgreSQL URL (``postgresql://...``): one per process, URL and timeout.

    Prepared statements are off, as they must be behind a pooler in transaction mode; such a pooler must also
    be told to ignore the start-up parameter ``options`` (pgbouncer: ignore_startup_parameters).
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
    idle_s = _IDLE_S if timeout_s else 0
    options = (
        f"-c statement_timeout={timeout_s}s -c idle_in_transaction_session_timeout={idle_s}s -c timezone=UTC"
    )
    return create_engine(
        url.replace("postgres://", "postgresql://", 1),
        connect_args={"prepare_threshold": None, "application_name": "rollbook", "options": options},
        hide_parameters=True,  # an error must not carry names or password hashes into a log
        pool_size=5,
        max_overflow=5,
        pool_pre_ping=True,
        pool_recycle=1800,
    )

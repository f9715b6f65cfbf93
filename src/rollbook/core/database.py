"""Connections: one engine per URL, made for a transaction pooler, with timeouts that protect the server."""

from functools import lru_cache

from sqlalchemy import Engine, create_engine

from rollbook.core.settings import settings


@lru_cache(maxsize=8)
def engine_for(url: str, *, statement_timeout_s: int | None = None) -> Engine:
    """Return the engine for a PostgreSQL URL (``postgresql://...``).

    Prepared statements are off, so that the same settings hold behind pgbouncer in transaction mode.
    """
    timeout_s = settings().statement_timeout_s if statement_timeout_s is None else statement_timeout_s
    options = f"-c statement_timeout={timeout_s}s -c idle_in_transaction_session_timeout=300s -c timezone=UTC"
    return create_engine(
        url.replace("postgres://", "postgresql://", 1),
        connect_args={"prepare_threshold": None, "application_name": "rollbook", "options": options},
        pool_size=5,
        max_overflow=5,
        pool_pre_ping=True,
        pool_recycle=1800,
    )

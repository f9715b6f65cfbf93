"""Serving: a socket of our own, uvicorn on it, and a word when it answers."""

import logging
import socket
import sys
from collections.abc import Callable
from typing import Final, Protocol

import structlog
import uvicorn

from rollbook.app.application import create_app
from rollbook.app.connection import Connection
from rollbook.core.errors import Unavailable
from rollbook.core.settings import settings

_NOBODY: Final[Callable[[str], None]] = lambda _address: None  # noqa: E731 -- a name for "tell nobody"


class PortTaken(Unavailable):
    """{host}:{port} cannot be listened on: {reason}. Choose another with --port or ROLLBOOK_WEB_PORT."""


class Database(Protocol):
    """What is known of the server: the app role's URL."""

    @property
    def url(self) -> str:
        """The app role's URL."""


class _Server(uvicorn.Server):
    """Tells when it listens."""

    def __init__(self, config: uvicorn.Config, on_ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_ready = on_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then say so."""
        await super().startup(sockets)
        if self.started:
            self._on_ready()


def serve(  # noqa: PLR0913 -- where, over what, and who is told
    database: Database,
    *,
    host: str,
    port: int,
    on_ready: Callable[[str], None] = _NOBODY,
    log_requests: bool = True,
    replica_url: str | None = None,
) -> None:
    """Serve until told to stop (Ctrl-C, SIGTERM); ``on_ready`` is told the address once it answers.

    ``replica_url``: a replica of the database that pages may read from.

    Port 0 takes a free one. Raises: ``PortTaken``.
    """
    _log_to_stderr(log_requests=log_requests)
    with _listening(host, port) as listener:
        config = uvicorn.Config(
            create_app(database.url, replica_url=replica_url),
            log_config=None,
            access_log=False,
            http=Connection,
            ws="none",
            proxy_headers=bool(settings().trusted_proxies),
            forwarded_allow_ips=settings().trusted_proxies,
            server_header=False,
            timeout_graceful_shutdown=10,
            limit_concurrency=200,
        )
        address = _address(listener)
        _Server(config, lambda: on_ready(address)).run(sockets=[listener])


def _listening(host: str, port: int) -> socket.socket:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, protocol)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(128)
    except OSError as error:
        raise PortTaken(host=host, port=port, reason=(error.strerror or str(error)).lower()) from error
    return listener


def _address(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    shown = f"[{host}]" if ":" in host else host
    return f"http://{shown}:{port}"


def _log_to_stderr(*, log_requests: bool) -> None:
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.LogfmtRenderer(key_order=["timestamp", "level", "event"]),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO if log_requests else logging.ERROR),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )

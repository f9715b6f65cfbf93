"""Figures over HTTP, for Prometheus alone: on loopback, or to whoever shows the token."""

import ipaddress
import secrets
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from socketserver import ThreadingMixIn
from typing import Any, Final
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from rollbook.ops.watch.errors import AddressUnclear, ListensToAnybody, MetricsPortTaken

_LAST_PORT: Final = 65_535
Wsgi = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Quiet(WSGIRequestHandler):
    timeout = 10
    server_version = "Rollbook"
    sys_version = ""

    def log_message(self, *_: object) -> None:
        """Say nothing: a scrape every few seconds is no news."""


def is_shown(authorization: str | None, token: str) -> bool:
    """Say whether a request shows the token."""
    return secrets.compare_digest((authorization or "").encode(), f"Bearer {token}".encode())


def is_loopback(host: str) -> bool:
    """Say whether only this machine reaches ``host``, or comes from it."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


@contextmanager
def listening(address: str, registry: CollectorRegistry, token: str | None) -> Iterator[WSGIServer]:
    """Lend a server for ``registry`` at ``address``; the caller lets it serve.

    Raises: ``AddressUnclear``; ``ListensToAnybody``; ``MetricsPortTaken``.
    """
    host, port = _parts(address)
    if token is None and not is_loopback(host):
        raise ListensToAnybody(address=address)
    try:
        server = make_server(host, port, application(registry, token), _Server, _Quiet)
    except OSError as error:
        raise MetricsPortTaken(address=address, reason=(error.strerror or str(error)).lower()) from error
    with server:
        yield server


def _parts(address: str) -> tuple[str, int]:
    host, colon, port = address.rpartition(":")
    if not colon or not host or not port.isdecimal() or int(port) > _LAST_PORT:
        raise AddressUnclear(address=address)
    return host.strip("[]"), int(port)


def application(registry: CollectorRegistry, token: str | None) -> Wsgi:
    """Return what answers GET /metrics, and nothing else."""

    def answer(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        status, body = _answer(environ, registry, token)
        kind = CONTENT_TYPE_LATEST if status.startswith("200") else "text/plain; charset=utf-8"
        start(status, [("Content-Type", kind), ("Cache-Control", "no-store")])
        return [body]

    return answer


def _answer(environ: dict[str, Any], registry: CollectorRegistry, token: str | None) -> tuple[str, bytes]:
    if environ.get("PATH_INFO") != "/metrics":
        return "404 Not Found", b"Figures are at /metrics.\n"
    if environ.get("REQUEST_METHOD") not in ("GET", "HEAD"):
        return "405 Method Not Allowed", b"Figures are only read.\n"
    if token is not None and not is_shown(environ.get("HTTP_AUTHORIZATION"), token):
        return "401 Unauthorized", b"Show the token of ROLLBOOK_METRICS_TOKEN.\n"
    return "200 OK", generate_latest(registry)

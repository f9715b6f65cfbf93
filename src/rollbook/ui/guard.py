"""What stands before every endpoint: limits on what may come in, headers on what goes out."""

import asyncio
import re
from typing import Final
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from rollbook.ui.bodies import Fault, fault_of_body, fault_of_query
from rollbook.ui.events import warn
from rollbook.ui.problems import plain_problem

LARGEST_BODY: Final = 64 * 1024
LONGEST_URL: Final = 8 * 1024
LARGEST_HEAD: Final = 16 * 1024
_HOST: Final = re.compile(r"(?P<name>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]*)(?::[0-9]*)?")
_VERSIONS: Final = frozenset({"1.0", "1.1", "2", "3"})
_PROBES: Final = frozenset({"/health", "/ready"})
_METRICS: Final = "/metrics"
_LOOPBACK: Final = frozenset({"127.0.0.1", "[::1]", "localhost"})
_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self';"
        " form-action 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # a student's page is named in its address
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()",
}
_SECURE_ONLY: Final = {"Strict-Transport-Security": "max-age=31536000; includeSubDomains"}
_TOO_LARGE: Final = 413, "What was sent is too large."
_TOO_SLOW: Final = 408, "What was sent took too long to arrive. Nothing was changed."


def security_headers(scheme: str) -> dict[str, str]:
    """Return what every answer says to the browser."""
    return {**_HEADERS, **(_SECURE_ONLY if scheme == "https" else {})}


class SecurityHeaders:
    """Says to the browser what our pages may do, and that nothing about a pupil is to be kept."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Add the headers to the response, keeping a ``Cache-Control`` that it has."""

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in security_headers(scope["scheme"]).items():
                    headers[name] = value
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        await self._app(scope, receive, send_guarded if scope["type"] == "http" else send)


class Limits:
    """Turns away what no page of ours sends: huge, slow or unclear requests, and other sites' forms.

    ``names`` are the hosts that this site is called by, any if there are none.

    Units:  ``patience`` in seconds.
    """

    def __init__(self, app: ASGIApp, *, names: frozenset[str] = frozenset(), patience: float) -> None:
        self._app = app
        self._names = names
        self._patience = patience

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer it with what is wrong."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        fault, body = self._fault(scope), b""
        if fault is None:
            fault, body = await self._read(scope, receive)
        if fault is not None:
            warn("request refused", status=fault[0])
            await plain_problem(*fault)(scope, receive, send)
            return
        await self._app(scope, _replay(body, receive), send)

    def _fault(self, scope: Scope) -> Fault | None:
        host = _HOST.fullmatch(Headers(scope=scope).get("host", ""))
        if host is None or scope["http_version"] not in _VERSIONS:
            return 400, "The request could not be read. Nothing was changed."
        if not self._is_known(host["name"].lower(), scope):
            return 421, "This site has another name."
        return _fault_of_address(scope) or _fault_of_head(scope)

    def _is_known(self, name: str, scope: Scope) -> bool:
        """Say whether the site may be called so. Whoever asks if it is well knows no name of it.

        Nor does Prometheus; but a page of another site, that has a browser ask for figures under a name of
        its own, has neither the token nor a loopback's name.
        """
        if not self._names or name in self._names or scope["path"] in _PROBES:
            return True
        is_told = name in _LOOPBACK or "authorization" in Headers(scope=scope)
        return scope["path"] == _METRICS and is_told

    async def _read(self, scope: Scope, receive: Receive) -> tuple[Fault | None, bytes]:
        """Return the body, or what is wrong with it."""
        try:
            async with asyncio.timeout(self._patience):
                body = await _body(receive)
        except TimeoutError:
            return _TOO_SLOW, b""
        if body is None:
            return _TOO_LARGE, b""
        is_api = scope["path"].startswith("/api/")
        return fault_of_body(Headers(scope=scope), body, is_api=is_api), body


def _fault_of_address(scope: Scope) -> Fault | None:
    query = scope["query_string"]
    if len(scope["raw_path"]) + len(query) > LONGEST_URL:
        return 414, "The address is too long."
    if b"%00" in query or b"\0" in query or "\0" in scope["path"]:
        return 400, "The address holds a character that no text has."
    return fault_of_query(query)


def _fault_of_head(scope: Scope) -> Fault | None:
    headers = Headers(scope=scope)
    if sum(len(name) + len(value) for name, value in scope["headers"]) > LARGEST_HEAD:
        return 431, "The request's headers are too large."
    if "transfer-encoding" in headers and "content-length" in headers:
        return 400, "The request says in two ways where it ends. Nothing was changed."
    if scope["method"] not in _SAFE and not _is_own(headers, scope["scheme"]):
        return 403, "The form came from another site. Nothing was changed."
    length = headers.get("content-length", "0")
    return None if length.isdecimal() and int(length) <= LARGEST_BODY else _TOO_LARGE


def _is_own(headers: Headers, scheme: str) -> bool:
    """Say whether the browser names our own site as the sender; who names none is left to the form token."""
    site = headers.get("sec-fetch-site", "same-origin")
    origin = headers.get("origin")
    if origin is None:
        return site in ("same-origin", "none")
    sender = urlsplit(origin)
    return (sender.scheme, sender.netloc) == (scheme, headers.get("host", ""))


async def _body(receive: Receive) -> bytes | None:
    """Return the whole body, or None when it grows too large."""
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return bytes(body)
        body += message.get("body", b"")
        if len(body) > LARGEST_BODY:
            return None
        if not message.get("more_body", False):
            return bytes(body)


def _replay(body: bytes, receive: Receive) -> Receive:
    """Give the app the body that was read, then what comes after it."""
    given = False

    async def receive_again() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return receive_again

"""What stands before every endpoint: limits on what may come in, headers on what goes out."""

from typing import Final
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from rollbook.ui.problems import plain_problem

LARGEST_BODY: Final = 64 * 1024
LONGEST_URL: Final = 8 * 1024
_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self';"
        " form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # a student's page is named in its address
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


class SecurityHeaders:
    """Says to the browser what our pages may do, and that nothing about a pupil is to be kept."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Add the headers to the response, keeping a ``Cache-Control`` that it has."""

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers[name] = value
                headers.setdefault("Cache-Control", "no-store")
                if scope["scheme"] == "https":
                    headers["Strict-Transport-Security"] = "max-age=31536000"
            await send(message)

        await self._app(scope, receive, send_guarded if scope["type"] == "http" else send)


class Limits:
    """Turns away what no page of ours sends: huge bodies and addresses, NUL bytes, another site's forms."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer it with what is wrong."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        fault = _fault(scope)
        if fault is None:
            body = await _body(receive)
            fault = None if body is not None else (413, "What was sent is too large.")
        if fault is not None:
            await plain_problem(*fault)(scope, receive, send)
            return
        await self._app(scope, _replay(body or b"", receive), send)


def _fault(scope: Scope) -> tuple[int, str] | None:
    query = scope["query_string"].lower()
    if len(scope["raw_path"]) + len(query) > LONGEST_URL:
        return 414, "The address is too long."
    if b"%00" in query or b"\0" in query or "\0" in scope["path"]:
        return 400, "The address holds a character that no text has."
    headers = Headers(scope=scope)
    if scope["method"] not in _SAFE and not _is_own(headers, scope["scheme"]):
        return 403, "The form came from another site. Nothing was changed."
    length = headers.get("content-length", "0")
    if not length.isdecimal() or int(length) > LARGEST_BODY:
        return 413, "What was sent is too large."
    return None


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

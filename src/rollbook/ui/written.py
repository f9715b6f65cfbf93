"""Whoever writes is told how far the log is, and shows it: no replica behind that is read to them."""

from typing import Final

from fastapi import Request
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from rollbook.core.errors import RollbookError
from rollbook.core.replica import position, written_until

COOKIE: Final = "rollbook_written"
HEADER: Final = "Rollbook-Written"
"""A program sends back what it was told, if it wants to read what it wrote."""
_NOWHERE: Final = "FFFFFFFF/FFFFFFFF"
_KEPT_S: Final = 3600
_READING: Final = frozenset({"GET", "HEAD", "OPTIONS"})


def last_written(request: Request) -> str | None:
    """Return how far the log was when whoever asks last wrote, as they say; for rubbish, its very end."""
    said = request.headers.get(HEADER) or request.cookies.get(COOKIE)
    return said if not said or position(said) is not None else _NOWHERE


class Written:
    """Says after each request that may have written how far the log is."""

    def __init__(self, app: ASGIApp, engine: Engine) -> None:
        self._app = app
        self._engine = engine

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; its transaction has ended when its answer begins."""
        if scope["type"] != "http" or scope["method"] in _READING:
            await self._app(scope, receive, send)
            return

        async def send_told(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._say(scope, message, await run_in_threadpool(self._until))
            await send(message)

        await self._app(scope, receive, send_told)

    def _until(self) -> str:
        try:
            return written_until(self._engine) or _NOWHERE
        except (SQLAlchemyError, RollbookError):
            return _NOWHERE

    def _say(self, scope: Scope, message: Message, until: str) -> None:
        secure = "; Secure" if scope["scheme"] == "https" else ""
        cookie = f"{COOKIE}={until}; Path=/; Max-Age={_KEPT_S}; HttpOnly; SameSite=Lax{secure}"
        headers = MutableHeaders(scope=message)
        headers.append("Set-Cookie", cookie)
        headers[HEADER] = until

"""What is known of the requests: a line each on stderr and figures for Prometheus; never a name or an id."""

import time
import traceback
from functools import partial
from typing import Final
from uuid import uuid4

import structlog
from fastapi import Request
from prometheus_client import CollectorRegistry, Histogram
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from rollbook.core.acting import act
from rollbook.ui.problems import unexpected

_BUCKETS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_log = structlog.get_logger("rollbook.web")


class Observe:
    """Times each request under its route's template, logs it, and answers what failed unexpectedly."""

    def __init__(self, app: ASGIApp, registry: CollectorRegistry) -> None:
        self._app = app
        self._durations = Histogram(
            "rollbook_http_request_duration_seconds",
            "Time until the response was sent.",
            ("method", "route", "status"),
            buckets=_BUCKETS,
            registry=registry,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; note how it went."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, request_id, status = time.perf_counter(), uuid4().hex[:12], 0

        async def send_noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], (b"x-request-id", request_id.encode())]
            await send(message)

        try:
            purpose = f"{scope['method']} {scope['path']}"
            with act(request_id=request_id, purpose=purpose, place=partial(_place, scope)):
                await self._app(scope, receive, send_noted)
        except Exception as error:  # noqa: BLE001 -- the outermost door: whatever it is, one page and one line
            _log.error("request failed", request_id=request_id, **_where(error))
            if status == 0:
                await unexpected(Request(scope))(scope, receive, send_noted)
        seconds = time.perf_counter() - began
        self._note(scope, status, seconds, request_id)

    def _note(self, scope: Scope, status: int, seconds: float, request_id: str) -> None:
        method, route = _place(scope).split(" ", 1)
        self._durations.labels(method, route, str(status)).observe(seconds)
        _log.info(
            "request",
            method=method,
            route=route,
            status=status,
            ms=round(seconds * 1000, 1),
            request_id=request_id,
        )


def _place(scope: Scope) -> str:
    """Name the route, as far as it is known: the address may name a student."""
    method = scope["method"] if scope["method"] in _METHODS else "OTHER"
    return f"{method} {getattr(scope.get('route'), 'path', '(none)')}"


_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def _where(error: Exception) -> dict[str, str]:
    """Name the kind and the place of an error; its message may quote a pupil's data, so it is left out."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if "rollbook" in frame.filename] or list(frames)
    place = f"{ours[-1].filename}:{ours[-1].lineno}" if ours else "unknown"
    return {"error": type(error).__name__, "place": place}

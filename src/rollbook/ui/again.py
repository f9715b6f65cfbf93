"""A request that failed for the moment, and surely wrote nothing, is done again before anybody is told."""

import asyncio
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from rollbook.core import retrying
from rollbook.core.retrying import Attempt, Patience

# They say how it is now, and nothing else.
_PROBES: Final = frozenset({"/health", "/ready", "/metrics"})


class Again:
    """Makes a request's attempts: an answer that tells of a passing failure is held back, for another try.

    Stands within the guard that has read the whole body, which each attempt is given.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, as often as it takes."""
        if scope["type"] != "http" or scope["path"] in _PROBES:
            await self._app(scope, receive, send)
            return
        body, patience, number, before = await receive(), Patience(), 1, dict(scope)
        while True:
            with retrying.attempting(number) as attempt:
                answer = _Answer(send, attempt, patience)
                await self._app(scope, _with_body(body, receive), answer.send)
            if answer.wait_s is None:
                return
            await asyncio.sleep(answer.wait_s)
            number += 1
            scope.clear()
            scope.update(before, state=dict(before.get("state", {})))


class _Answer:
    """An attempt's answer: sent, unless the attempt is to be made again."""

    def __init__(self, send: Send, attempt: Attempt, patience: Patience) -> None:
        self._send = send
        self._attempt = attempt
        self._patience = patience
        self.wait_s: float | None = None

    async def send(self, message: Message) -> None:
        """Decide as the answer begins; pass it on, or drop all of it."""
        if message["type"] == "http.response.start" and self._attempt.error is not None:
            self.wait_s = self._patience.wait_s(self._attempt, self._attempt.error)
        if self.wait_s is None:
            await self._send(message)


def _with_body(body: Message, receive: Receive) -> Receive:
    """Give an attempt the body, then what comes after it."""
    is_given = False

    async def receive_again() -> Message:
        nonlocal is_given
        if is_given:
            return await receive()
        is_given = True
        return body

    return receive_again

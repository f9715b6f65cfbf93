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
                await self._try(scope, _with_body(body, receive), answer)
            if answer.wait_s is None:
                return
            await asyncio.sleep(answer.wait_s)
            number += 1
            scope.clear()
            scope.update(before, state=dict(before.get("state", {})))

    async def _try(self, scope: Scope, receive: Receive, answer: "_Answer") -> None:
        """Let one attempt run; what it raises is no answer yet, if it is to be made again."""
        try:
            await self._app(scope, receive, answer.send)
        except Exception as error:
            if not answer.decide(error):
                raise


class _Answer:
    """An attempt's answer: sent, unless the attempt is to be made again."""

    def __init__(self, send: Send, attempt: Attempt, patience: Patience) -> None:
        self._send = send
        self._attempt = attempt
        self._patience = patience
        self._has_begun = False
        self.wait_s: float | None = None

    def decide(self, error: BaseException | None) -> bool:
        """Say whether the attempt is to be made again, as it failed with ``error``."""
        if error is not None and not self._has_begun and self.wait_s is None:
            self.wait_s = self._patience.wait_s(self._attempt, error)
        return self.wait_s is not None

    async def send(self, message: Message) -> None:
        """Decide as the answer begins; pass it on, or drop all of it."""
        if message["type"] == "http.response.start" and self.decide(self._attempt.error):
            return
        if self.wait_s is None:
            self._has_begun = True
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

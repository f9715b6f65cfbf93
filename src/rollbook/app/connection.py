"""A connection, as uvicorn keeps it; but whoever keeps us waiting, or speaks no HTTP, is told so and let go.

Without this a client that sends one byte a minute, or never reads its answer, holds one of the connections
that there are for everybody.
"""

import asyncio
from collections.abc import Callable
from http import HTTPStatus
from typing import Final

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from rollbook.core.settings import settings
from rollbook.ui.guard import security_headers
from rollbook.ui.problems import plain_problem

_SLOW: Final = "The request took too long to arrive. Nothing was changed."
_UNREADABLE: Final = "The request could not be read. Nothing was changed."


class Connection(H11Protocol):
    """One client's connection."""

    _waiting: asyncio.TimerHandle | None = None
    _stalled: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in uvicorn
        """Wait for the first request, but not for ever."""
        super().connection_made(transport)
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing more."""
        super().connection_lost(exc)
        for timer in (self._waiting, self._stalled):
            if timer is not None:
                timer.cancel()

    def handle_events(self) -> None:
        """Go on with what has arrived."""
        super().handle_events()
        self._watch()

    def on_response_complete(self) -> None:
        """Wait for the next request, or for the rest of one that is answered already."""
        super().on_response_complete()
        self._watch()

    def pause_writing(self) -> None:
        """Wait until the client has read, but not for ever."""
        super().pause_writing()
        self._stalled = self._stalled or self._later(self.transport.abort)

    def resume_writing(self) -> None:
        """Go on: the client has read."""
        super().resume_writing()
        if self._stalled is not None:
            self._stalled.cancel()
            self._stalled = None

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 -- uvicorn's words are not ours
        """Tell a client that it speaks no HTTP."""
        self._refuse(400, _UNREADABLE)

    def _watch(self) -> None:
        """Start the clock while the client has something to send, and stop it else."""
        if self._is_waiting():
            self._waiting = self._waiting or self._later(self._give_up)
        elif self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None

    def _is_waiting(self) -> bool:
        is_answered = self.cycle is not None and self.cycle.response_complete
        return self.conn.their_state is h11.IDLE or (self.conn.their_state is h11.SEND_BODY and is_answered)

    def _give_up(self) -> None:
        has_begun = bool(self.conn.trailing_data[0])
        if has_begun and self.conn.their_state is h11.IDLE:
            self._refuse(408, _SLOW)
        elif not self.transport.is_closing():
            self.transport.close()

    def _refuse(self, status: int, sentence: str) -> None:
        """Answer, where no answer has begun, and close."""
        if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE) and not self.transport.is_closing():
            self.transport.write(self._answer(status, sentence))
        self.transport.close()

    def _answer(self, status: int, sentence: str) -> bytes:
        problem = plain_problem(status, sentence)
        said = security_headers(self.scheme or "http") | {"Cache-Control": "no-store", "Connection": "close"}
        headers = [*problem.raw_headers, *((n.encode(), v.encode()) for n, v in said.items())]
        start = h11.Response(status_code=status, headers=headers, reason=HTTPStatus(status).phrase.encode())
        parts = [start, h11.Data(data=bytes(problem.body)), h11.EndOfMessage()]
        return b"".join(self.conn.send(part) or b"" for part in parts)

    def _later(self, act: Callable[[], None]) -> asyncio.TimerHandle:
        return self.loop.call_later(settings().request_timeout_s, act)

"""Guessing made slow: after some failures an email, known or not, waits. Kept in this process's memory."""

import threading
import time
from collections import OrderedDict
from typing import Final

from rollbook.core.errors import RollbookError

FAILURES: Final = 10
WINDOW_S: Final = 15 * 60
_REMEMBERED: Final = 10_000


class TooManyTries(RollbookError):
    """Too many failed sign-ins with this email. Wait {minutes} minutes, then try again."""

    http_status = 429


class Throttle:
    """Counts failed sign-ins by email. ``FAILURES`` within ``WINDOW_S`` and the email has to wait."""

    def __init__(self) -> None:
        self._failures: OrderedDict[str, list[float]] = OrderedDict()
        self._lock = threading.Lock()

    def check(self, email: str) -> None:
        """Raise ``TooManyTries`` while ``email`` has to wait."""
        with self._lock:
            if len(self._recent(email)) >= FAILURES:
                raise TooManyTries(minutes=WINDOW_S // 60)

    def failed(self, email: str) -> None:
        """Count a failure."""
        with self._lock:
            self._failures[_key(email)] = [*self._recent(email), time.monotonic()][-FAILURES:]
            self._failures.move_to_end(_key(email))
            while len(self._failures) > _REMEMBERED:
                self._failures.popitem(last=False)

    def succeeded(self, email: str) -> None:
        """Forget the failures."""
        with self._lock:
            self._failures.pop(_key(email), None)

    def _recent(self, email: str) -> list[float]:
        since = time.monotonic() - WINDOW_S
        return [instant for instant in self._failures.get(_key(email), []) if instant > since]


def _key(email: str) -> str:
    return email.strip().lower()[:254]

"""Guessing made slow: after some failures an email, known or not, waits. Kept in this process's memory."""

import threading
import time
from collections import OrderedDict
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Final

from rollbook.core.errors import RollbookError

FAILURES: Final = 10
FAILURES_ANYWHERE: Final = 100
WINDOW_S: Final = 15 * 60
_REMEMBERED: Final = 10_000
_ANYWHERE: Final = ""


class TooManyTries(RollbookError):
    """Too many failed sign-ins with this email. Wait {minutes} minutes, then try again."""

    http_status = 429


class Throttle:
    """Counts failed sign-ins by email and where they came from.

    ``FAILURES`` within ``WINDOW_S`` and the email waits there; its owner, elsewhere, is not kept out by a
    stranger's guesses, unless they come from so many places that there were ``FAILURES_ANYWHERE``.
    """

    def __init__(self) -> None:
        self._failures: OrderedDict[tuple[str, str], list[float]] = OrderedDict()
        self._lock = threading.Lock()

    def begin(self, email: str, host: str) -> None:
        """Count a try as failed until it succeeds, so that many at once are counted too.

        Raises: ``TooManyTries``, while ``email`` has to wait.
        """
        limits = {_key(email, host): FAILURES, _key(email, _ANYWHERE): FAILURES_ANYWHERE}
        with self._lock:
            if any(len(self._recent(key)) >= most for key, most in limits.items()):
                raise TooManyTries(minutes=WINDOW_S // 60)
            for key in limits:
                self._failures[key] = [*self._recent(key), time.monotonic()]
                self._failures.move_to_end(key)
            while len(self._failures) > _REMEMBERED:
                self._failures.popitem(last=False)

    def succeeded(self, email: str, host: str) -> None:
        """Forget the failures from here; elsewhere someone may still be guessing."""
        with self._lock:
            self._failures.pop(_key(email, host), None)
            del self._failures.get(_key(email, _ANYWHERE), [])[-1:]

    def _recent(self, key: tuple[str, str]) -> list[float]:
        since = time.monotonic() - WINDOW_S
        return [instant for instant in self._failures.get(key, []) if instant > since]


def _key(email: str, host: str) -> tuple[str, str]:
    return email.strip().lower()[:254], _place(host)


def _place(host: str) -> str:
    """Return the address, or its network of IPv6: one sender has all of a /64."""
    try:
        address = ip_address(host)
    except ValueError:
        return host
    if not isinstance(address, IPv6Address) or address.ipv4_mapped:
        return host
    return str(ip_network((int(address), 64), strict=False))

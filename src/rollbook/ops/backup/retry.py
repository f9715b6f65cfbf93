"""Waiting out a repository that is away: the same work again, after ever longer pauses, up to a bound."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from secrets import SystemRandom
from typing import Final, TypeVar

from rollbook.ops.backup.errors import RepositoryUnreachable

T = TypeVar("T")
_FIRST_S: Final = 1.0
_LONGEST_S: Final = 120.0
_BOUND_S: Final = 2 * 3600.0
_CHANCE: Final = SystemRandom()  # so that not all come back at once


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait for a repository; the clock is the caller's, so that a test need not wait.

    Units: seconds. ``bound_s`` from the first failure in a row on; 0 = do not wait.
    """

    bound_s: float = _BOUND_S
    sleep: Callable[[float], None] = time.sleep
    now: Callable[[], float] = time.monotonic
    tell: Callable[[str], None] = lambda _: None

    def insist(self, work: Callable[[], T]) -> T:
        """Return what ``work`` returns, done anew as long as the repository cannot be reached.

        ``work`` must be whole in itself: it begins again from its beginning.
        Raises: ``RepositoryUnreachable`` past the bound; at once whatever else ``work`` raises.
        """
        away_since, pause = None, _FIRST_S
        while True:
            try:
                return work()
            except RepositoryUnreachable as error:
                away_since = self.now() if away_since is None else away_since
                if self.now() - away_since + pause > self.bound_s:
                    raise
                self.tell(f"{error} Next attempt in {pause:.0f} s.")
            self.sleep(pause * _CHANCE.uniform(0.8, 1.0))
            pause = min(pause * 2, _LONGEST_S)

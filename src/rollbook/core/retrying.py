"""Doing again what failed for the moment and surely wrote nothing; never what may have been written.

PostgreSQL says of a deadlock and of a serialization failure that the transaction was rolled back. A
connection that is lost before COMMIT was sent leaves nothing either: the server undoes what was begun. Once
COMMIT is on its way and no answer came, nobody here knows, so that is never tried again.

An attempt is all that a request, or the work of a command, does: where it has committed anything, it is not
made again.
"""

import secrets
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Final, Literal, TypeVar

from sqlalchemy.exc import DBAPIError

from rollbook.core.errors import Unavailable
from rollbook.core.settings import settings

Result = TypeVar("Result")
Cause = Literal["serialization", "deadlock", "connection"]

_ROLLED_BACK: Final[dict[str, Cause]] = {"40001": "serialization", "40P01": "deadlock"}
# connection exceptions; shutdowns of the server; too many clients
_GONE: Final = ("08", "57P01", "57P02", "57P03", "53300")
_REFUSED_FOR_GOOD: Final = ("authentication failed", "does not exist", "no pg_hba.conf entry", "no password")
_SHORTEST_S: Final = 0.02
_LONGEST_S: Final = 1.0
_MOST_TRIES: Final = 6
_STAYS_DOWN_S: Final = 5.0


class FateUnknown(Unavailable):
    """The database was lost while it was told to keep this. Whether it did cannot be said from here.

    Look whether it is there before you do it again.
    """

    retry_after_s = 5


@dataclass(slots=True)
class Attempt:
    """One try. ``commits`` were sent to a primary; ``error`` is what it failed with, if a door tells it."""

    number: int = 1
    commits: int = 0
    is_last: bool = False
    was_on_replica: bool = False
    error: BaseException | None = None


_attempt: ContextVar[Attempt | None] = ContextVar("rollbook_attempt", default=None)
_counts: Final[Counter[Cause]] = Counter()
_lock: Final = threading.Lock()
_down_until = 0.0


def note_commit(_connection: object) -> None:
    """Note that a COMMIT is about to be sent: SQLAlchemy's event of an engine."""
    if (attempt := _attempt.get()) is not None:
        attempt.commits += 1


def note_error(error: BaseException) -> None:
    """Note what an attempt failed with, where its door turned that into an answer."""
    if (attempt := _attempt.get()) is not None:
        attempt.error = error


def note_on_replica() -> None:
    """Note that it was a replica on which the attempt failed: the primary may do better."""
    if (attempt := _attempt.get()) is not None:
        attempt.was_on_replica = True


def do_once() -> None:
    """Say that what comes cannot be done twice, as it speaks to somebody outside of the database."""
    if (attempt := _attempt.get()) is not None:
        attempt.is_last = True


@contextmanager
def attempting(number: int) -> Iterator[Attempt]:
    """Let the block be one try."""
    attempt = Attempt(number)
    token = _attempt.set(attempt)
    try:
        yield attempt
    finally:
        _attempt.reset(token)


def attempt_number() -> int:
    """Return which try this is, the first where there is only one."""
    attempt = _attempt.get()
    return attempt.number if attempt else 1


def refusal_in(error: BaseException | None) -> DBAPIError | None:
    """Return what the database said, of an error or of what it was raised from."""
    while error is not None and not isinstance(error, DBAPIError):
        error = error.__cause__
    return error


def cause_of(error: BaseException | None) -> Cause | None:
    """Return why it failed, if that passes."""
    refusal = refusal_in(error)
    if refusal is None:
        return None
    said: Any = refusal.orig
    state = getattr(said, "sqlstate", None)
    if state is None:
        return "connection" if _is_lost(refusal) else None
    return _ROLLED_BACK.get(state) or ("connection" if state.startswith(_GONE) else None)


def _is_lost(refusal: DBAPIError) -> bool:
    """Say whether the connection ended, or never was; the driver has no code for that."""
    said = str(refusal.orig)
    is_operational = type(refusal.orig).__name__ == "OperationalError"
    return is_operational and not any(phrase in said for phrase in _REFUSED_FOR_GOOD)


def wrote_nothing(attempt: Attempt, error: BaseException | None) -> bool:
    """Say whether nothing of the attempt can have been kept."""
    refusal, cause = refusal_in(error), cause_of(error)
    if refusal is None or cause is None:
        return False
    if attempt.commits == 0:
        return True
    # a COMMIT that the server itself refused: rolled back, it says
    return attempt.commits == 1 and cause != "connection" and refusal.statement is None


def is_fate_unknown(error: BaseException | None) -> bool:
    """Say whether a COMMIT was on its way when the connection was lost."""
    attempt = _attempt.get()
    return attempt is not None and attempt.commits > 0 and cause_of(error) == "connection"


@dataclass(slots=True)
class Patience:
    """How long is tried. Units: ``seconds`` in all, by default ROLLBOOK_RETRY_S."""

    seconds: float = field(default_factory=lambda: settings().retry_s)
    began: float = field(default_factory=time.monotonic)

    def wait_s(self, attempt: Attempt, error: BaseException | None) -> float | None:
        """Return how long to wait before the next try; None: there is to be none."""
        if attempt.is_last:
            return None
        if attempt.was_on_replica and attempt.number == 1 and attempt.commits == 0:
            return 0.0
        cause = cause_of(error)
        if cause is None or not wrote_nothing(attempt, error):
            return None
        wait = _jittered(attempt.number)
        is_over = time.monotonic() - self.began + wait > self.seconds
        if cause == "connection":
            is_over = is_over or time.monotonic() < _down_until
        else:
            is_over = is_over or attempt.number >= _MOST_TRIES
        _note(cause, is_over=is_over)
        return None if is_over else wait


def _jittered(number: int) -> float:
    """Return a wait that doubles with each try, and differs between those who failed together."""
    longest: float = min(_LONGEST_S, _SHORTEST_S * 2**number)
    return secrets.SystemRandom().uniform(0.5, 1.0) * longest


def _note(cause: Cause, *, is_over: bool) -> None:
    """Count a try; where the server stayed away, let those who come soon be told so at once."""
    global _down_until  # noqa: PLW0603 -- of this process, as the server is
    with _lock:
        if not is_over:
            _counts[cause] += 1
        elif cause == "connection":
            _down_until = max(_down_until, time.monotonic() + _STAYS_DOWN_S)


def retries() -> dict[Cause, int]:
    """Return how often this process tried again, by cause."""
    with _lock:
        return {cause: _counts[cause] for cause in ("serialization", "deadlock", "connection")}


def forget_outage() -> None:
    """Believe again that the server answers."""
    global _down_until  # noqa: PLW0603 -- of this process, as the server is
    with _lock:
        _down_until = 0.0


def again(work: Callable[[], Result]) -> Result:
    """Return what ``work`` returns, tried again while it fails for the moment and wrote nothing.

    Within an attempt, which is made again as a whole, it runs once.
    Raises: ``FateUnknown``; whatever else ``work`` raises.
    """
    if _attempt.get() is not None:
        return work()
    patience, number = Patience(), 1
    while True:
        with attempting(number) as attempt:
            try:
                return work()
            except Exception as error:
                wait = patience.wait_s(attempt, error)
                if wait is None:
                    _raise_if_unknown(error)
                    raise
        time.sleep(wait)
        number += 1


def _raise_if_unknown(error: Exception) -> None:
    if is_fate_unknown(error):
        raise FateUnknown from error

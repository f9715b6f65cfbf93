"""Is a pooler in between, how does it share connections, and does one client's session reach another?"""

import os
import secrets
import socket
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Final

import psycopg

CLIENTS: Final = 10
WITHIN_S: Final = 30.0
_TIMEOUT_S: Final = 10
_TURNS: Final = 8
_WHO: Final = "SELECT pg_backend_pid()"
_BUSY: Final = "SELECT pg_backend_pid() FROM pg_sleep(0.1)"
_SET: Final = "SELECT set_config('rollbook.probe', %s, false)"
_SET_LOCAL: Final = "SELECT set_config('rollbook.probe', %s, true)"
_GET: Final = "SELECT coalesce(current_setting('rollbook.probe', true), '')"

Client = psycopg.Connection[tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Pooling:
    """How clients share the server's connections."""

    is_pooled: bool
    is_per_transaction: bool


class NoAnswer(psycopg.OperationalError):
    """A client was let in, and then waited in vain: a pooler had no connection left for it."""


@contextmanager
def client(url: str, *, within_s: float | None = None) -> Iterator[Client]:
    """Connect as the application does: nothing is prepared, no start-up options.

    Raises: ``NoAnswer`` if the block takes longer than ``within_s`` seconds, by default ``WITHIN_S``.
    """
    with (
        psycopg.connect(
            url.replace("postgres://", "postgresql://", 1),
            autocommit=True,
            prepare_threshold=None,
            connect_timeout=_TIMEOUT_S,
            application_name="rollbook db test",
        ) as db,
        _cut_after(db, within_s or WITHIN_S),
    ):
        yield db


@contextmanager
def _cut_after(db: Client, seconds: float) -> Iterator[None]:
    """Cut the connection after so many seconds: no timeout of the server's counts while a pooler waits."""
    is_cut = threading.Event()

    def cut() -> None:
        is_cut.set()
        with suppress(OSError, psycopg.Error), socket.socket(fileno=os.dup(db.fileno())) as line:
            line.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(seconds, cut)
    timer.daemon = True
    timer.start()
    try:
        yield
    except psycopg.OperationalError as error:
        if is_cut.is_set():
            raise NoAnswer(f"no answer within {seconds:.0f} s") from error
        raise
    finally:
        timer.cancel()


def ask(db: Client, question: str, *parameters: object) -> Any:  # noqa: ANN401 -- whatever is asked for
    """Return the only value of the answer."""
    row = db.execute(question.encode(), parameters).fetchone()
    assert row is not None
    return row[0]


def find_pooling(url: str) -> Pooling:
    """Say whether a pooler is in between: it tells clients process numbers that are not the server's."""
    with client(url) as one, client(url) as two:
        served = [{ask(db, _WHO) for _ in range(_TURNS)} for db in (one, two)]
        is_shared = bool(served[0] & served[1])
        return Pooling(one.info.backend_pid not in served[0] or is_shared, is_shared)


def leaks(url: str) -> bool:
    """Say whether what a client sets for its session is found by another, beside it or after it."""
    token = secrets.token_hex(16)
    with client(url) as beside:
        with client(url) as first:
            ask(first, _SET, token)
            found = _sees(beside, token)
        with client(url) as after:
            found = found or _sees(after, token)
    _wipe(url, token)
    return found


def _sees(db: Client, token: str) -> bool:
    return any(ask(db, _GET) == token for _ in range(_TURNS))


def _wipe(url: str, token: str) -> None:
    """Take the probe back wherever it was left."""
    with client(url) as db:
        for _ in range(_TURNS):
            with db.transaction():
                if ask(db, _GET) == token:
                    ask(db, _SET, "")


def keeps_transactions_apart(url: str) -> bool:
    """Say whether what is set for a transaction is seen in all of it, by nobody else, and not after it."""
    with client(url) as one, client(url) as two:
        seen = []
        for _ in range(_TURNS):
            with one.transaction(), two.transaction():
                ask(one, _SET_LOCAL, "one")
                ask(two, _SET_LOCAL, "two")
                seen.append((ask(one, _GET), ask(two, _GET)) == ("one", "two"))
            seen.append((ask(one, _GET), ask(two, _GET)) == ("", ""))
        return all(seen)


def crowd(url: str, clients: int = CLIENTS) -> int:
    """Connect with so many clients at once, each busy; return how many connections of the server serve them.

    Raises: ``psycopg.OperationalError`` where some are refused.
    """
    with ExitStack() as stack, ThreadPoolExecutor(clients) as threads:
        together: Sequence[Client] = [stack.enter_context(client(url)) for _ in range(clients)]
        return len(set(threads.map(lambda db: ask(db, _BUSY), together)))

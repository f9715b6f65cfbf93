"""Who acts, on what request and why: said by a door, once, and told to the database by every transaction."""

import os
import pwd
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Final

_LONGEST: Final = 200


@dataclass(frozen=True, slots=True)
class Acting:
    """``who`` as the door knows them (a command's account on the machine), their request, and why.

    ``place`` names a request's route, once that is known, where ``purpose`` may name a student.
    """

    who: str = ""
    request_id: str = ""
    purpose: str = ""
    place: Callable[[], str] | None = None

    @property
    def at(self) -> str:
        """What may stand in a log: the route, or the command."""
        return self.place() if self.place else self.purpose


_NOBODY: Final = Acting()
_acting: ContextVar[Acting] = ContextVar("rollbook_acting", default=_NOBODY)


def account() -> str:
    """Return the machine's account that runs this process; its number where it has no name.

    Asked of the system: USER and LOGNAME are what anybody says they are.
    """
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())


def acting() -> Acting:
    """Return who acts here; empty where no door has said it."""
    return _acting.get()


@contextmanager
def act(
    who: str = "", *, request_id: str = "", purpose: str = "", place: Callable[[], str] | None = None
) -> Iterator[None]:
    """Let the transactions of the block say who acts. Texts are cut: they stand in every row of the audit."""
    said = Acting(plain(who), plain(request_id), plain(purpose), place)
    token = _acting.set(said)
    try:
        yield
    finally:
        _acting.reset(token)


def plain(said: str) -> str:
    """Return ``said`` on one line and not too long, with nothing that text in a database cannot hold."""
    line = said.encode("utf-8", "replace").decode("utf-8")
    return "".join(letter if letter.isprintable() else " " for letter in line)[:_LONGEST]

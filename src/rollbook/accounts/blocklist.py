"""Passwords that a guesser tries first: common and breached ones, and those made of what everybody knows."""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import cache
from importlib.resources import files
from typing import Final

from rollbook.core.errors import Unavailable
from rollbook.core.settings import settings

_SEQUENCES: Final = (
    "abcdefghijklmnopqrstuvwxyz",
    "0123456789012345678901234567890",
    "1234567890qwertyuiopasdfghjklzxcvbnm",
    "qwertyuiopasdfghjklzxcvbnm",
    "qazwsxedcrfvtgbyhnujmikolp",
    "1q2w3e4r5t6y7u8i9o0p",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p",
)
# Words that no list of leaked passwords knows of us.
_OURS: Final = ("rollbook", "password", "passphrase", "welcome", "student", "teacher", "school", "district")
_SHORTEST_WORD: Final = 3
_PADDING: Final = re.compile(r"[\W\d_]+")


class BreachedPasswordsUnreadable(Unavailable):
    """The list of breached passwords {path} cannot be read: {reason}. No password was changed."""


def is_common(password: str, known: Iterable[str] = ()) -> bool:
    """Say whether a guesser would try ``password`` early.

    The whole of it is compared, as NIST SP 800-63B-4 asks, not what it contains: it is on our list or the
    site's; or one of its words, or a short piece, over and over; or a row of keys or letters; or nothing but
    words of ``known`` (the user's name and email, the district) and ``_OURS``, with digits and marks around
    them. Raises: ``BreachedPasswordsUnreadable``.
    """
    plain = _plain(password)
    return any(
        (
            plain in _list(),
            _unit(plain) in _list() or len(_unit(plain)) < len(plain) // 2,
            any(plain in row + row or plain[::-1] in row + row for row in _SEQUENCES),
            _is_made_of(plain, {*_words(known), *_OURS}),
            _is_breached({password, plain}),
        )
    )


@cache
def _list() -> frozenset[str]:
    text = files("rollbook.accounts").joinpath("common_passwords.txt").read_text(encoding="ascii")
    return frozenset(text.split("\n"))


def _is_breached(spellings: Iterable[str]) -> bool:
    """Say whether the site's own list has a line that is one of the spellings.

    Raises: ``BreachedPasswordsUnreadable``.
    """
    path = settings().breached_passwords
    if path is None:
        return False
    wanted = {one.encode("utf-8", "surrogatepass") for one in spellings}
    try:
        with path.expanduser().open("rb") as lines:
            return any(line.rstrip(b"\r\n") in wanted for line in lines)
    except OSError as error:
        raise BreachedPasswordsUnreadable(path=path, reason=error.strerror) from error


def _plain(password: str) -> str:
    return unicodedata.normalize("NFKC", password).casefold().strip()


def _unit(plain: str) -> str:
    """Return the shortest text that ``plain`` is a repetition of, the last perhaps cut off."""
    for length in range(1, len(plain)):
        if all(plain[at] == plain[at % length] for at in range(length, len(plain))):
            return plain[:length]
    return plain


def _is_made_of(plain: str, words: set[str]) -> bool:
    """Say whether nothing but ``words``, digits and marks is in ``plain``: "oak valley 2026!"."""
    left = plain
    for word in sorted(words, key=len, reverse=True):
        left = left.replace(word, " ")
    return not _PADDING.sub("", left)


def _words(known: Iterable[str]) -> Iterator[str]:
    for fact in known:
        words = _PADDING.sub(" ", _plain(fact)).split()
        yield from (word for word in words if len(word) >= _SHORTEST_WORD)

"""Passwords: kept as argon2id, checked with the same work whether or not there is an account.

The rules are those of NIST SP 800-63B-4: length, a blocklist, nothing about kinds of characters.
"""

import unicodedata
from collections.abc import Iterable
from functools import cache
from typing import Final

import bcrypt
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from rollbook.accounts.blocklist import is_common
from rollbook.core.errors import Invalid

SHORTEST: Final = 15
SHORTEST_OF_TWO: Final = 8
LONGEST: Final = 128
BCRYPT: Final = ("$2a$", "$2b$", "$2x$", "$2y$")

# bcrypt looks at no more; the systems that made such hashes cut the rest off.
_BCRYPT_OCTETS: Final = 72
_HASHER: Final = PasswordHasher()  # argon2id with the library's (RFC 9106) costs: 64 MiB each


class PasswordUnfit(Invalid):
    """A password has {shortest} to {longest} characters, any you like; this one has {length}."""


class PasswordCommon(Invalid):
    """This password is among the first that a guesser tries. Choose another, such as four unrelated words."""


class HashUnknown(Invalid):
    """This is no bcrypt hash. It begins with $2b$ (or $2a$, $2y$) and has 60 characters."""


def check_password(password: str, known: Iterable[str] = (), *, with_second_factor: bool = False) -> None:
    """Check a new password; ``known`` is what everybody knows of its user.

    Raises: ``PasswordUnfit``; ``PasswordCommon``.
    """
    length = len(unicodedata.normalize("NFKC", password))
    too_short = is_too_short(password, with_second_factor=with_second_factor)
    if too_short or max(length, len(password)) > LONGEST:
        shortest = SHORTEST_OF_TWO if with_second_factor else SHORTEST
        raise PasswordUnfit(shortest=shortest, longest=LONGEST, length=length)
    if is_common(password, known):
        raise PasswordCommon


def hash_password(password: str) -> str:
    """Return the PHC string to keep instead of ``password``, which is checked before or was right."""
    return _HASHER.hash(_octets(password))


def check_bcrypt(password_hash: str) -> str:
    """Return a bcrypt hash of an older system, to be kept until its user signs in.

    Raises: ``HashUnknown``.
    """
    try:
        bcrypt.checkpw(b"", password_hash.encode("ascii"))
    except ValueError as error:
        raise HashUnknown from error
    return password_hash


def is_password_of(password_hash: str | None, password: str, bcrypt_cost: int | None = None) -> bool:
    """Say whether ``password`` made the hash; None (no account) takes as much work and is never right.

    The work is one check of argon2id, and one of bcrypt at ``bcrypt_cost`` as long as any account has such a
    hash: neither is left out for an account that has the other.
    """
    is_old = password_hash is not None and password_hash.startswith(BCRYPT)
    old = password_hash if is_old else None
    fits_old = _is_bcrypt_of(old, password, bcrypt_cost) if is_old or bcrypt_cost else False
    fits = _is_argon2_of(None if is_old else password_hash, password)
    return fits_old or fits


def is_outdated(password_hash: str) -> bool:
    """Say whether the hash was made by bcrypt, or at other costs than today's."""
    return password_hash.startswith(BCRYPT) or _HASHER.check_needs_rehash(password_hash)


def is_too_short(password: str, *, with_second_factor: bool = False) -> bool:
    """Say whether a right password, once chosen under other rules, would not be accepted today."""
    shortest = SHORTEST_OF_TWO if with_second_factor else SHORTEST
    return len(unicodedata.normalize("NFKC", password)) < shortest


def _is_argon2_of(password_hash: str | None, typed: str) -> bool:
    try:
        _HASHER.verify(password_hash or _nobodys_hash(), _octets(typed))
    except (VerificationError, InvalidHashError):
        return False
    return password_hash is not None


def _is_bcrypt_of(password_hash: str | None, typed: str, cost: int | None) -> bool:
    octets = typed.encode("utf-8", "surrogatepass")[:_BCRYPT_OCTETS]
    try:
        fits = bcrypt.checkpw(octets, (password_hash or _nobodys_bcrypt(cost or 0)).encode("ascii"))
    except ValueError:
        return False
    return fits and password_hash is not None


@cache
def _nobodys_hash() -> str:
    return _HASHER.hash(b"nobody has this password")


@cache
def _nobodys_bcrypt(cost: int) -> str:
    """A salt with the hash of nothing: checking takes as long as a real one."""
    return bcrypt.gensalt(cost).decode("ascii") + "." * 31


def _octets(password: str) -> bytes:
    """The same password typed on another keyboard is the same bytes; what cannot be text still has some."""
    return unicodedata.normalize("NFKC", password).encode("utf-8", "surrogatepass")

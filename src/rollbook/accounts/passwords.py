"""Passwords: kept as argon2id, checked in the same time whether or not there is an account."""

import unicodedata
from functools import cache
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from rollbook.core.errors import Invalid

SHORTEST: Final = 12
LONGEST: Final = 256

_HASHER: Final = PasswordHasher()  # argon2id with the library's (RFC 9106) costs: 64 MiB each


class PasswordUnfit(Invalid):
    """A password has {shortest} to {longest} characters, any you like; this one has {length}."""


def hash_password(password: str) -> str:
    """Return the PHC string to keep instead of ``password``.

    Raises: ``PasswordUnfit``.
    """
    if not SHORTEST <= len(password) <= LONGEST:
        raise PasswordUnfit(shortest=SHORTEST, longest=LONGEST, length=len(password))
    return _HASHER.hash(_octets(password))


def is_password_of(password_hash: str | None, password: str) -> bool:
    """Say whether ``password`` made the hash; None (no account) takes as long and is never right."""
    try:
        _HASHER.verify(password_hash or _nobodys_hash(), _octets(password[:LONGEST]))
    except (VerificationError, InvalidHashError):
        return False
    return password_hash is not None


def is_outdated(password_hash: str) -> bool:
    """Say whether the hash was made at other costs than today's."""
    return _HASHER.check_needs_rehash(password_hash)


@cache
def _nobodys_hash() -> str:
    return _HASHER.hash(b"nobody has this password")


def _octets(password: str) -> bytes:
    """The same password typed on another keyboard is the same bytes; what cannot be text still has some."""
    return unicodedata.normalize("NFKC", password).encode("utf-8", "surrogatepass")

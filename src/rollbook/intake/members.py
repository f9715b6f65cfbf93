"""One file of a drop, and how much of it may be read."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Final

from rollbook.intake.records import Source

Told = Callable[[int], None]
GIGABYTE: Final = 10**9
SMALL_BYTES: Final = 10_000_000


@dataclass(frozen=True, slots=True)
class Limits:
    """How much a drop may be, unpacked, so that a bomb is refused and memory and disk are not filled.

    A member may unpack to ``most_ratio`` times its packed size; small ones are let off.
    """

    most_bytes: int = 20 * GIGABYTE
    most_members: int = 1000
    most_ratio: int = 250


@dataclass(frozen=True, slots=True)
class Member:
    """A file of a drop. ``name`` is what its format calls it, without folder and without .gz."""

    name: str
    size_bytes: int
    open: Callable[[Told], AbstractContextManager[Source]]
    """Open it for reading; the argument hears how many bytes (of ``size_bytes``) each read took."""

"""What a cell of a published table says: a count, a percentage, or that a count is suppressed."""

import re
from dataclasses import dataclass
from typing import Final

# Larger than any count of persons: a number beyond it is a mistake, and sums would not be exact.
LARGEST: Final = 10**12
_COUNT: Final = re.compile(r"\d{1,13}(\.0+)?|\d{1,3}([,  ]\d{3})+(\.0+)?")
_PERCENT: Final = re.compile(r"(\d{1,3})(?:\.(\d{1,6}))?\s*%?")
_BELOW: Final = re.compile(r"(?:n\s*)?(<|<=|≤)\s*(\d{1,9})", re.IGNORECASE)
_MARKS: Final = {
    "",
    "*",
    "**",
    "***",
    "-",
    "--",
    "\u2013",
    "\u2014",
    ".",
    "..",
    "†",
    "‡",
    "s",
    "x",
    "n/a",
    "na",
}


@dataclass(frozen=True, slots=True)
class Suppressed:
    """A count that is not told; ``most`` is what its mark gives away: at most so many."""

    most: int | None = None


@dataclass(frozen=True, slots=True)
class Share:
    """A percentage as printed: the true one is in [low, high], as fractions."""

    low: float
    high: float


def read_count(said: str) -> int | Suppressed | None:
    """Return the count, or that there is one; None where ``said`` is neither."""
    told = said.strip()
    if told.casefold() in _MARKS:
        return Suppressed()
    if below := _BELOW.fullmatch(told):
        return Suppressed(int(below[2]) - (below[1] == "<"))
    if not _COUNT.fullmatch(told):
        return None
    number = int(float(re.sub(r"[,  ]", "", told)))
    return number if number <= LARGEST else None


def read_share(said: str) -> Share | None:
    """Return the percentage with what rounding hides; None where there is none, or it is suppressed."""
    found = _PERCENT.fullmatch(said.strip())
    if found is None:
        return None
    digits = len(found[2] or "")
    percent, half = float(f"{found[1]}.{found[2] or 0}"), 0.5 * 10**-digits
    return Share(max(0.0, percent - half) / 100, (percent + half) / 100)

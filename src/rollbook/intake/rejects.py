"""Rejects: every one counted, the first few kept to be shown."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

SHOWN: Final = 20


@dataclass(frozen=True, slots=True)
class Reject:
    """A line that is left out: where, and why. Never what it says: it is about a person."""

    file: str
    line: int
    column: str | None
    reason: str

    def __str__(self) -> str:
        """Name the place first."""
        column = f", column {self.column}" if self.column else ""
        return f"{self.file}, line {self.line}{column}: {self.reason}"


@dataclass(slots=True)
class Rejects:
    """All rejects of an import. ``shown`` holds the first ``SHOWN`` in the order they were found."""

    counts: Counter[str] = field(default_factory=Counter)
    shown: list[Reject] = field(default_factory=list)

    def add(self, file: str, rejects: Iterable[Reject], *, count: int) -> None:
        """Count ``count`` rejects of ``file``; ``rejects`` are the first of them."""
        if count:
            self.counts[file] += count
            self.shown.extend(rejects)
            del self.shown[SHOWN:]

    @property
    def total(self) -> int:
        """How many lines were rejected."""
        return self.counts.total()

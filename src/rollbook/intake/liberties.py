"""Liberties: where a drop was read more kindly than its format allows. Each is told, none is silent."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Liberty:
    """Something that was forgiven, in which file, and how often (rows, or 1 for the whole file)."""

    file: str
    what: str
    count: int

    def __str__(self) -> str:
        """Name the file first."""
        times = f" ({self.count:,} rows)" if self.count > 1 else ""
        return f"{self.file}: {self.what}{times}"


@dataclass(slots=True)
class Liberties:
    """All liberties of an import, in the order they were first taken."""

    counts: Counter[tuple[str, str]] = field(default_factory=Counter)

    def take(self, file: str, what: str, count: int = 1) -> None:
        """Note that ``what`` was forgiven in ``count`` rows of ``file``; ``what`` holds no pupil's data."""
        if count:
            self.counts[file, what] += count

    @property
    def listed(self) -> Sequence[Liberty]:
        """Each once, with how often."""
        return [Liberty(file, what, count) for (file, what), count in self.counts.items()]

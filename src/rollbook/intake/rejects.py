"""Rejects: every one counted, the first few shown, and, where a quarantine waits, all of them kept."""

import csv
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from io import StringIO
from tempfile import SpooledTemporaryFile
from typing import IO, Final

SHOWN: Final = 20
_SPOOL_BYTES: Final = 8 << 20
REST: Final = "rollbook_rest"


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
    """All rejects of an import. ``shown`` holds the first ``SHOWN`` in the order they were found.

    ``is_kept``: there is a temporary table intake_rejected (``quarantine.make_table``) that takes each line.
    """

    counts: Counter[str] = field(default_factory=Counter)
    shown: list[Reject] = field(default_factory=list)
    is_kept: bool = False

    def add(self, file: str, rejects: Iterable[Reject], *, count: int) -> None:
        """Count ``count`` rejected lines of ``file``; ``rejects`` are the first of their faults."""
        if count:
            self.counts[file] += count
            self.shown.extend(rejects)
            del self.shown[SHOWN:]

    @property
    def total(self) -> int:
        """How many lines were rejected."""
        return self.counts.total()


@dataclass(slots=True)
class Spool:
    """Lines that are no rows at all, on their way to the quarantine: on disk, when they are many."""

    columns: Sequence[str]
    lines: IO[str] = field(
        default_factory=lambda: SpooledTemporaryFile(  # noqa: SIM115 -- closed with the spool
            _SPOOL_BYTES, "w+", encoding="utf-8", newline=""
        )
    )

    def keep(self, reject: Reject, record: bytes) -> None:
        """Write ``reject`` and what can be made of its values as a line of COPY's CSV."""
        place = (reject.file, reject.line, reject.column or "", reject.reason)
        csv.writer(self.lines).writerow((*place, json.dumps(self._fields(record))))

    def close(self) -> None:
        """Let go of the lines."""
        self.lines.close()

    def _fields(self, record: bytes) -> dict[str, str]:
        """Return the values by column; those beyond the last column as ``REST``."""
        text = record.decode(errors="backslashreplace").replace("\0", "\N{REPLACEMENT CHARACTER}")
        try:
            values = next(csv.reader(StringIO(text, newline="")), [])
        except csv.Error:  # a value of more than 128 kB
            return {REST: text}
        fields = dict(zip(self.columns, values, strict=False))
        rest = values[len(self.columns) :]
        return fields | ({REST: ",".join(rest)} if rest else {})

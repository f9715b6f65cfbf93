"""What a check is, and the checks of fixed shape."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from rollbook.core.sql import named_sql

FILES: Final = ("orphans.sql", "overlaps.sql", "dates.sql", "totals.sql", "catalog.sql")
_SEVERITY: Final = re.compile(r"^-- severity +(\w+)$", re.MULTILINE)
_ADVICE: Final = re.compile(r"^-- do +(.*(?:\n--  +.*)*)", re.MULTILINE)
_PARAMETER: Final = re.compile(r"(?<!:):(\w+)")


class Severity(StrEnum):
    """How bad a fault is."""

    ERROR = "error"  # a figure is, or will be, wrong
    WARNING = "warning"  # it may be


@dataclass(frozen=True, slots=True)
class Check:
    """A question whose every answer is a fault: ``statement`` returns a row, an ``example``, for each."""

    name: str
    title: str
    severity: Severity
    advice: str
    statement: str
    values: Mapping[str, Any] = field(default_factory=dict)

    @property
    def takes(self) -> set[str]:
        """Name the parameters of the statement."""
        lines = (line for line in self.statement.splitlines() if not line.startswith("--"))
        return set(_PARAMETER.findall("\n".join(lines)))


def written_checks() -> Iterator[Check]:
    """Yield the checks of the .sql files."""
    for file in FILES:
        for name, clause in named_sql(__package__, file).items():
            yield _read(name, clause.text)


def _read(name: str, statement: str) -> Check:
    severity, advice = _SEVERITY.search(statement), _ADVICE.search(statement)
    assert severity, f"{name} does not say how bad it is"
    assert advice, f"{name} does not say what to do"
    title = statement[: severity.start()]
    return Check(name, _plain(title), Severity(severity[1]), _plain(advice[1]), statement)


def _plain(comment: str) -> str:
    return " ".join(comment.replace("--", " ").split())

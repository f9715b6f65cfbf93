"""The named queries of every room, and what their comments say they take."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg

import rollbook
from rollbook.core.sql import named_sql

SOURCE: Final = Path(rollbook.__file__).parent
_DIALECT: Final = PGDialect_psycopg(paramstyle="numeric_dollar")  # type: ignore[no-untyped-call]  # SQLAlchemy's
# From "-- params" to the next line that is no continuation of it.
_PARAMS: Final = re.compile(r"^-- params +(?P<list>.*(?:\n-- {3,}.*)*)", re.MULTILINE)
_PARENTHESES: Final = re.compile(r"\([^()]*\)")


@dataclass(frozen=True, slots=True)
class NamedQuery:
    """One query of one file: its text with $1, $2 ..., and what those are called."""

    package: str
    file: str
    name: str
    text: str
    takes: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.package.removeprefix('rollbook.')}/{self.file}:{self.name}"

    @property
    def documented(self) -> dict[str, str]:
        """The names and types in its ``-- params`` comment."""
        found = _PARAMS.search(self.text)
        if found is None:
            return {}
        listed = _PARENTHESES.sub("", found["list"].replace("\n--", " ")).replace(" or null", "")
        return _typed([part.split() for part in re.split(r"[,;]| and ", listed)])

    @property
    def statement(self) -> str:
        """The query without comments."""
        lines = (line for line in self.text.splitlines() if not line.lstrip().startswith("--"))
        return "\n".join(lines).strip()

    def prepared(self) -> str:
        """The PREPARE statement for it, with the types that it documents."""
        types = ", ".join(self.documented.get(name) or "unknown" for name in self.takes)
        return f"PREPARE probe{f' ({types})' if types else ''} AS {self.statement}"


def _typed(parts: list[list[str]]) -> dict[str, str]:
    """Give each name its type; "since, until date" says the type once, for both."""
    types: dict[str, str] = {}
    following = ""
    for name, *words in reversed([part for part in parts if part and part != ["none"]]):
        following = " ".join(words) or following
        types[name] = following
    return types


def named_queries(package: str, file: str) -> Iterator[NamedQuery]:
    """Yield the queries of one file."""
    for name, clause in named_sql(package, file).items():
        compiled = clause.compile(dialect=_DIALECT)
        yield NamedQuery(package, file, name, compiled.string, tuple(compiled.positiontup or ()))


def every_query() -> list[NamedQuery]:
    """Return the queries of every file of named queries."""
    files = sorted(SOURCE.rglob("*.sql"))
    packages = (".".join(("rollbook", *path.parent.relative_to(SOURCE).parts)) for path in files)
    return [
        query
        for package, path in zip(packages, files, strict=True)
        for query in named_queries(package, path.name)
    ]

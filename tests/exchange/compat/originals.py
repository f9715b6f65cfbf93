"""The queries of the original systems' documents, read from them when a test runs."""

import re
from collections.abc import Iterator
from typing import Final

from real_students import ORIGINALS

_BLOCK: Final = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(document: str, language: str = "sql") -> list[str]:
    """Return the blocks of a language in the document whose name begins so."""
    (file,) = ORIGINALS.glob(f"{document}-*.md")
    return [body for kind, body in _BLOCK.findall(file.read_text(encoding="utf-8")) if kind == language]


def queries(document: str) -> Iterator[str]:
    """Yield what the document asks the database, as it stands there; views' queries too."""
    for block in blocks(document):
        for statement in block.split(";\n"):
            bare = re.sub(r"^\s*--.*\n", "", statement, flags=re.MULTILINE).strip()
            if bare.upper().startswith(("SELECT", "WITH")):
                yield statement
            elif bare.upper().startswith("CREATE VIEW"):
                yield re.split(r"\sAS\s", bare, maxsplit=1)[1]


def query(document: str, containing: str) -> str:
    """Return the one query that contains these words."""
    (found,) = [text for text in queries(document) if containing in text]
    return found


_TABLE: Final = re.compile(r"^CREATE TABLE (\w+) \(\n(.*?)^\);", re.MULTILINE | re.DOTALL)
_COLUMN: Final = re.compile(r"^    (?!UNIQUE|PRIMARY|CONSTRAINT|CHECK)(\w+) (\w+)", re.MULTILINE)
# A number that the database gave is a longer one here: it is made from the row.
_TYPES: Final = {
    "timestamptz": "timestamp with time zone",
    "timestamp": "timestamp without time zone",
    "varchar": "character varying",
    "float": "double precision",
    "serial": "bigint",
}


def tables(document: str) -> dict[str, dict[str, str]]:
    """Return each table that the document creates, with its columns and their types."""
    created = (found for block in blocks(document) for found in _TABLE.findall(block))
    return {
        name: {column: _TYPES.get(kind.lower(), kind.lower()) for column, kind in _COLUMN.findall(body)}
        for name, body in created
    }

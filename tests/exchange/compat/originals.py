"""The queries of the original systems' documents, read from them when a test runs."""

import re
from collections.abc import Iterator
from typing import Final

from real_students import ORIGINALS

_BLOCK: Final = re.compile(r"^```sql\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_TITLE: Final = re.compile(r"^-- ?", re.MULTILINE)


def blocks(document: str) -> list[str]:
    """Return the SQL blocks of the document whose name begins so."""
    (file,) = ORIGINALS.glob(f"{document}-*.md")
    return _BLOCK.findall(file.read_text(encoding="utf-8"))


def queries(document: str) -> Iterator[str]:
    """Yield what the document asks the database, as it stands there; views' queries too."""
    for block in blocks(document):
        for statement in block.split(";\n"):
            bare = re.sub(r"^\s*--.*\n", "", statement, flags=re.MULTILINE).strip()
            if bare.upper().startswith(("SELECT", "WITH")):
                yield statement
            elif bare.upper().startswith("CREATE VIEW"):
                yield bare.split(" AS ", 1)[1]


def query(document: str, containing: str) -> str:
    """Return the one query that contains these words."""
    (found,) = [text for text in queries(document) if containing in text]
    return found

"""What each room says of itself in its ``__init__``, and what it has."""

import ast
import re
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Final

from sqlalchemy import Table

import rollbook
from building.reading import functions
from rollbook.core.schema import HISTORY_SUFFIX, Base

SOURCE: Final = Path(rollbook.__file__).parent
# The way the schema came to be, and a door.
WITHOUT_ROOM: Final = {"migrations", "app"}
_HEADINGS: Final = ("Owns", "Reads", "Verbs", "Terms")
_HEADING: Final = re.compile(rf"^({'|'.join(_HEADINGS)}) ", re.MULTILINE)
_PARENTHESES: Final = re.compile(r"\([^()]*\)")


@dataclass(frozen=True, slots=True)
class Room:
    """A room or floor: its name and its docstring."""

    name: str
    says: str

    def __str__(self) -> str:
        return self.name

    def under(self, heading: str) -> str:
        """Return what the docstring says under ``heading``."""
        _, *parts = _HEADING.split(self.says)
        return dict(zip(parts[::2], parts[1::2], strict=True)).get(heading, "").strip()

    def listed(self, heading: str) -> set[str]:
        """Return the words listed under ``heading``, without asides in parentheses."""
        parts = re.split(r"[,;:]", _PARENTHESES.sub("", self.under(heading)))
        return {part.strip().rpartition(".")[2] for part in parts if part.strip()}

    @property
    def has_tables(self) -> bool:
        """Whether it declares tables."""
        return (SOURCE / self.name / "models.py").exists()

    def tables(self) -> set[str]:
        """Return the tables that its models declare, histories aside."""
        files = (SOURCE / self.name).glob("models*.py")
        modules = {import_module(f"rollbook.{self.name}.{path.stem}").__name__ for path in files}
        models = [mapper.class_ for mapper in Base.registry.mappers if mapper.class_.__module__ in modules]
        names = {model.__table__.name for model in models if isinstance(model.__table__, Table)}
        return {name for name in names if not name.endswith(HISTORY_SUFFIX)}

    def verbs(self) -> set[str]:
        """Return the functions that its modules define."""
        sources = (path.read_text(encoding="utf-8") for path in (SOURCE / self.name).rglob("*.py"))
        return {found.name for source in sources for found in functions(source)}


def every_room() -> list[Room]:
    """Return every room and floor that has to introduce itself."""
    inits = sorted(SOURCE.glob("*/__init__.py"))
    return [
        Room(path.parent.name, ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or "")
        for path in inits
        if path.parent.name not in WITHOUT_ROOM
    ]

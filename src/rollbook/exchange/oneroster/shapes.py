"""What a file of OneRoster is made of: a table, its columns, what each holds and refers to."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from rollbook.exchange.oneroster.cells import FREE, GUID_CELL, GUIDS, Words
from rollbook.intake.layout import Column, Form, Layout

SOURCED_ID: Final = "sourcedId"
STATUS: Final = "status"
MODIFIED: Final = "dateLastModified"
LIFECYCLE: Final = (SOURCED_ID, STATUS, MODIFIED)
EXTENSION: Final = "metadata."


@dataclass(frozen=True, slots=True)
class Cell:
    """A column: what it holds, whether it must, and the table that it refers to."""

    name: str
    form: Form = FREE
    is_required: bool = False
    to: str | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """A file, and who reads it: ``name``.csv."""

    name: str
    cells: Sequence[Cell]

    @property
    def file(self) -> str:
        """The file's name."""
        return f"{self.name}.csv"

    @property
    def stage(self) -> str:
        """The staging table's name."""
        return f"stage_{self.name.lower()}"

    @property
    def header(self) -> Sequence[str]:
        """Every column's name, in order."""
        return [*LIFECYCLE, *(cell.name for cell in self.cells)]

    @property
    def references(self) -> Sequence[Cell]:
        """The columns that refer to a table."""
        own = [Cell(SOURCED_ID, GUID_CELL, True, "users")] if self.name == "demographics" else []
        return [*own, *(cell for cell in self.cells if cell.to)]

    @property
    def layout(self) -> Layout:
        """How intake stages the file."""
        codes = {cell.name for cell in self.cells if isinstance(cell.form, Words)}
        columns = [Column(name, is_code=name in codes) for name in self.header]
        return Layout(self.file, self.stage, tuple(columns), key=(SOURCED_ID,))


def need(name: str, form: Form = FREE) -> Cell:
    """Return a column that must have a value."""
    return Cell(name, form, is_required=True)


def may(name: str, form: Form = FREE) -> Cell:
    """Return a column that may have a value."""
    return Cell(name, form)


def refers(name: str, to: str, *, needed: bool = True) -> Cell:
    """Return a column that refers to a record of the table ``to``; where it ends in Ids, to several."""
    return Cell(name, GUIDS if name.endswith("SourcedIds") else GUID_CELL, needed, to)


def words(*known: str) -> Words:
    """Return a list of words that may be extended."""
    return Words(known)

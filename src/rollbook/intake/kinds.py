"""Kinds of records that come one to a line: which columns a file may have, and what becomes of them.

A room says in its ``load.py`` which kinds it takes; `rollbook import csv KIND` reads files of them.
References are by the codes that people use (a student's number, a school's code), never by our ids.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final, Protocol

from sqlalchemy import Column, ColumnElement, FromClause, Select, Table, cast, literal_column
from sqlalchemy.orm import Session

from rollbook.core.schema import Base
from rollbook.intake.columns import Range, value_of
from rollbook.intake.format import Run
from rollbook.intake.members import Member
from rollbook.intake.moments import Instant
from rollbook.intake.stage import Rename
from rollbook.intake.target import Close, Delete, Keep, Merge, Target, table_of
from rollbook.intake.values import Paragraphs, Value

KNOWN_AT: Final = "known_at"

Words = Mapping[str, Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class Field:
    """A column that a file may have. ``default`` is what no value means, as SQL; None: no value.

    ``is_code``: its values say nothing of a person, so a wrong one may be shown.
    """

    name: str
    value: Value
    example: str = ""
    says: str = ""
    is_required: bool = False
    default: ColumnElement[Any] | None = None
    is_code: bool = False


@dataclass(frozen=True, slots=True)
class Lookup:
    """An id of ours, found by what people call it.

    ``by`` gives columns of ``table`` the field or lookup that they must equal. ``is_brought``: a file of this
    kind may bring it itself, in the part that writes ``table``.
    """

    name: str
    table: Table
    by: Mapping[str, str]
    column: str = ""
    is_optional: bool = False
    is_brought: bool = False

    @property
    def id_column(self) -> str:
        """What the id is called in ``table``; as the lookup, unless said otherwise."""
        return self.column or self.name


Get = Callable[[str], ColumnElement[Any]]


@dataclass(frozen=True, slots=True)
class Rule:
    """What several fields of a line must fulfil; looked at if the file has all of ``fields``.

    ``holds`` gets the typed values; null is as good as true.
    """

    fields: tuple[str, ...]
    reason: str
    holds: Callable[[Get], ColumnElement[Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A table that a kind's lines are written to: ``columns`` gives its columns the field or lookup.

    ``entity``: the id that a new row gets, for parts that refer to it. ``is_shared``: several lines may tell
    the same row. ``where``: only lines that have a value there. ``is_optional``: written only if the file has
    a column that no other part reads. ``scope``: a complete file names all rows with its values of these.
    """

    table: Table
    columns: Mapping[str, str]
    key: tuple[str, ...]
    entity: str | None = None
    is_shared: bool = False
    where: str | None = None
    is_optional: bool = False
    scope: tuple[str, ...] = ()
    leaving: Keep | Delete | Close = field(default_factory=Keep)
    is_watched: bool = False
    month: str | None = None
    merge: Merge | None = None


class Loaded(Protocol):
    """A file that went into tables of its own, typed, before its keys are built."""

    @property
    def target(self) -> Target:
        """What the pipeline compares and writes."""

    def key(self, db: Session) -> bool:
        """Build the keys; where a row repeats, forget the load and return False."""


class Load(Protocol):
    """Loads a large file that is plain; None, and nothing done, if this one is not."""

    def __call__(self, run: Run, member: Member, rename: Rename, words: Words) -> Loaded | None:
        """Load it. ``rename`` turns the header's names into fields; ``words`` are the file's, by field."""


# From the incoming rows of a table, and the tenant: line_number, column_name, reason of faults.
SetCheck = Callable[[FromClause, int], Select[Any]]


@dataclass(frozen=True)
class Kind:
    """A kind of record. ``parts`` stand with parents before those that refer to them.

    ``checks`` look at all rows of a table at once, by the table's name. ``load`` is a faster way in for files
    of which every line says all that is needed in the usual form.
    """

    name: str
    says: str
    fields: tuple[Field, ...]
    parts: tuple[Part, ...]
    lookups: tuple[Lookup, ...] = ()
    rules: tuple[Rule, ...] = ()
    checks: Mapping[str, SetCheck] = field(default_factory=dict)
    load: Load | None = None

    @cached_property
    def by_name(self) -> Mapping[str, Field]:
        """Each field by its name, and when it was known, which every kind may say."""
        known = Field(KNOWN_AT, Instant(), says="when the source learned it; else now")
        return {one.name: one for one in (*self.fields, known)}

    def read_by(self, part: Part) -> set[str]:
        """Return the fields that ``part`` reads, those of its lookups included."""
        return self._fields_of(part.columns.values()) | ({part.where} if part.where else set())

    def fields_of(self, name: str) -> set[str]:
        """Return the fields behind the field or lookup ``name``."""
        return self._fields_of([name])

    def own_fields(self, part: Part) -> set[str]:
        """Return the fields that only ``part`` reads."""
        others = [self.read_by(other) for other in self.parts if other is not part]
        return self.read_by(part).difference(*others)

    def _fields_of(self, names: Any) -> set[str]:  # noqa: ANN401 -- any iterable of names
        lookups = {one.name: one for one in self.lookups}
        found: set[str] = set()
        for name in names:
            found |= self._fields_of(lookups[name].by.values()) if name in lookups else {name}
        return found


def fields_of(  # noqa: PLR0913 -- each says something else of the columns
    model: type[Base],
    examples: Mapping[str, str],
    *,
    within: Mapping[str, Range] | None = None,
    long: Sequence[str] = (),
    codes: Sequence[str] = (),
    rename: Mapping[str, str] | None = None,
) -> tuple[Field, ...]:
    """Return a field for each column in ``examples``: what it must look like is what the column takes.

    ``within`` are ranges, ``long`` the columns of many lines, ``rename`` gives columns another name in files.
    """
    names = rename or {}
    return tuple(
        _field(
            table_of(model).c[column],
            names.get(column, column),
            example,
            (within or {}).get(column),
            is_long=column in long,
            is_code=column in codes,
        )
        for column, example in examples.items()
    )


def _field(  # noqa: PLR0913 -- likewise
    column: Column[Any],
    name: str,
    example: str,
    within: Range | None,
    *,
    is_long: bool,
    is_code: bool,
) -> Field:
    default = _default(column)
    return Field(
        name,
        Paragraphs() if is_long else value_of(column, within),
        example,
        column.comment or "",
        not column.nullable and default is None,
        default,
        is_code,
    )


def _default(column: Column[Any]) -> ColumnElement[Any] | None:
    """Return the column's default, cast to its type, so that no value in a file means what it says."""
    default = column.server_default
    if default is None:
        return None
    said = getattr(default, "arg", "")
    sql = said if isinstance(said, str) else str(said)
    return cast(literal_column(sql), column.type)

"""What a file should look like: its columns, the form of each value, its key, and what it refers to."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final, Protocol

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Integer,
    Numeric,
    TableClause,
    Text,
    case,
    cast,
    column,
    func,
    table,
)
from sqlalchemy import false as no

LINE_NUMBER: Final = "line_number"


class Form(Protocol):
    """What a value must look like."""

    @property
    def fault(self) -> str:
        """What to say of a value that does not."""

    def holds(self, value: ColumnElement[str]) -> ColumnElement[bool]:
        """Say in SQL that ``value`` (not null) does. It must not raise, whatever the text is."""


@dataclass(frozen=True, slots=True)
class Whole:
    """A whole number without leading zeros, so that equal numbers are equal texts."""

    least: int
    most: int

    @property
    def fault(self) -> str:
        """Name the range."""
        return f"is not a whole number from {self.least} to {self.most}"

    def holds(self, value: ColumnElement[str]) -> ColumnElement[bool]:
        """Look at the text first: nine digits cannot overflow the cast.

        Without a regular expression for the usual case, digits only: half the time on ten million rows.
        """
        number = cast(value, Integer)
        in_range = number.between(self.least, self.most)
        has_digits_only = (func.translate(value, "0123456789", "") == "") & func.length(value).between(1, 9)
        return case(
            (has_digits_only, in_range & (cast(number, Text) == value)),
            (value.regexp_match("^-[1-9][0-9]{0,8}$"), in_range),
            else_=no(),
        )


@dataclass(frozen=True, slots=True)
class Decimals:
    """A number in plain decimals: no exponent, no infinity."""

    least: int
    most: int

    @property
    def fault(self) -> str:
        """Name the range."""
        return f"is not a number from {self.least} to {self.most}"

    def holds(self, value: ColumnElement[str]) -> ColumnElement[bool]:
        """Look at the digits first."""
        in_range = cast(value, Numeric).between(self.least, self.most)
        return case((value.regexp_match(r"^-?[0-9]{1,9}(\.[0-9]{0,9})?$"), in_range), else_=no())


@dataclass(frozen=True, slots=True)
class OneOf:
    """One of a few words, as they are written."""

    words: tuple[str, ...]

    @property
    def fault(self) -> str:
        """Name the words."""
        return f"is not one of {', '.join(self.words)}"

    def holds(self, value: ColumnElement[str]) -> ColumnElement[bool]:
        """Compare."""
        return value.in_(self.words)


@dataclass(frozen=True, slots=True)
class Words:
    """Text of one line, of at most ``most`` characters."""

    most: int = 200

    @property
    def fault(self) -> str:
        """Name the limit."""
        return f"is not a text of at most {self.most} characters on one line"

    def holds(self, value: ColumnElement[str]) -> ColumnElement[bool]:
        """Leave out control characters."""
        return (func.length(value) <= self.most) & ~value.regexp_match("[[:cntrl:]]")


@dataclass(frozen=True, slots=True)
class Code:
    """A code of a known shape. ``meaning`` says it in words."""

    pattern: str
    meaning: str

    @property
    def fault(self) -> str:
        """Name the shape."""
        return f"is not {self.meaning}"

    def holds(self, value: ColumnElement[str]) -> ColumnElement[bool]:
        """Match all of it."""
        return value.regexp_match(f"^(?:{self.pattern})$")


@dataclass(frozen=True, slots=True)
class Column:
    """A column. ``form`` None: not looked at, because a reference or nobody does.

    ``is_code``: its values are codes that say nothing of a person, so a wrong one may be shown if many rows
    have it. That goes without saying for a ``OneOf``.
    """

    name: str
    form: Form | None = None
    is_required: bool = True
    is_code: bool = False

    def holds(self) -> ColumnElement[bool]:
        """Say in SQL that the column's value is as it should be."""
        value = column(self.name, Text)
        well_formed = self.form.holds(value) if self.form else value.is_not(None)
        present: ColumnElement[bool] = value.is_not(None)
        return (present & well_formed) if self.is_required else (~present | well_formed)

    @property
    def fault(self) -> str:
        """What to say of a value that is not as it should be."""
        return self.form.fault if self.form else "is empty"


@dataclass(frozen=True, slots=True)
class Reference:
    """The values of ``columns`` must stand in ``to``, in ``target`` or in the columns of the same names.

    ``is_optional``: no value is fine.
    """

    columns: tuple[str, ...]
    to: "Layout"
    target: tuple[str, ...] = ()
    is_optional: bool = False

    @property
    def pairs(self) -> Sequence[tuple[str, str]]:
        """Each column here and the one it must stand in there."""
        return list(zip(self.columns, self.target or self.columns, strict=True))


@dataclass(frozen=True, slots=True)
class Layout:
    """A file's columns and rules. ``absent`` are words that mean "no value", beside nothing at all."""

    file: str
    stage: str
    columns: tuple[Column, ...]
    key: tuple[str, ...] = ()
    references: tuple[Reference, ...] = ()
    absent: tuple[str, ...] = ()

    @property
    def names(self) -> Sequence[str]:
        """The columns' names."""
        return [column.name for column in self.columns]

    @property
    def codes(self) -> Sequence[str]:
        """The columns that hold codes."""
        return [column.name for column in self.columns if column.is_code or isinstance(column.form, OneOf)]

    @property
    def table(self) -> TableClause:
        """The staging table: the line's number, then text."""
        return _table(self)


@cache
def _table(layout: Layout) -> TableClause:
    """Always the same one, so that a condition on it speaks of the table that a query is about."""
    texts = (column(name, Text) for name in layout.names)
    return table(layout.stage, column(LINE_NUMBER, BigInteger), *texts)

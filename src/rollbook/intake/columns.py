"""What a text in a file must look like to become a value of a column of ours."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from sqlalchemy import (
    ARRAY,
    Boolean,
    Column,
    Date,
    DateTime,
    Enum,
    Integer,
    Numeric,
    SmallInteger,
    String,
    Time,
)
from sqlalchemy.types import TypeEngine

from rollbook.core.encryption import Sealed
from rollbook.intake.moments import Clock, Day, Instant
from rollbook.intake.values import Decimal, Flag, Line, Several, Value, WholeNumber, Word, grade_level

Range = tuple[float, float]

_GRADES: Final = ("grade_level", "low_grade", "high_grade")
_MOST: Final = 999_999_999


def value_of(column: Column[Any], within: Range | None = None) -> Value:
    """Return what a text must look like to become a value of ``column``.

    Raises: ``TypeError`` for a type that no file gives.
    """
    if column.name in _GRADES:
        return grade_level()
    form = next((_FORMS[kind] for kind in type(column.type).__mro__ if kind in _FORMS), _no_form)
    return form(column.type, within)


def _small(_: TypeEngine[Any], within: Range | None) -> Value:
    least, most = within or (0, 32_767)
    return WholeNumber(int(least), int(most))


def _whole(_: TypeEngine[Any], within: Range | None) -> Value:
    least, most = within or (0, _MOST)
    return WholeNumber(int(least), int(most), is_small=False)


def _decimal(kind: TypeEngine[Any], within: Range | None) -> Value:
    assert isinstance(kind, Numeric)
    if kind.precision is None or kind.scale is None:
        return _no_form(kind, within)
    least, most = within or (0, 10 ** (kind.precision - kind.scale) - 1)
    return Decimal(least, most, kind.precision, kind.scale)


def _no_form(kind: TypeEngine[Any], _: Range | None) -> Value:
    raise TypeError(f"no form for {kind!r}")


def _words(kind: TypeEngine[Any], _: Range | None) -> Value:
    assert isinstance(kind, Enum)
    return Word(tuple(kind.enums))


# The form of each type of column, or of the type that it is a kind of.
_FORMS: Final[Mapping[type, Callable[[TypeEngine[Any], Range | None], Value]]] = {
    ARRAY: lambda *_: Several(),
    Boolean: lambda *_: Flag(),
    Date: lambda *_: Day(),
    DateTime: lambda *_: Instant(),
    Enum: _words,
    Integer: _whole,
    Numeric: _decimal,
    Sealed: lambda *_: Line(),
    SmallInteger: _small,
    String: lambda *_: Line(),
    Time: lambda *_: Clock(),
}

"""Values as text, and what they become: each form says in SQL whether a text has it, and what it means.

A form is cheap where it can be: ``translate`` and ``length`` instead of a regular expression, because a
year's attendance is tens of millions of values.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from sqlalchemy import (
    ARRAY,
    Boolean,
    ColumnElement,
    Integer,
    Numeric,
    SmallInteger,
    Text,
    case,
    cast,
    func,
    literal,
    null,
)
from sqlalchemy import false as no

from rollbook.intake.layout import Form

DIGITS: Final = "0123456789"
_MOST_DIGITS: Final = 9
_YES: Final = ("true", "t", "yes", "y", "1")
_NO: Final = ("false", "f", "no", "n", "0")


class Value(Form, Protocol):
    """A form that knows what its texts mean."""

    @property
    def says(self) -> str:
        """What it looks like, for `--describe`."""

    def typed(self, value: ColumnElement[str]) -> ColumnElement[Any]:
        """Turn ``value``, for which ``holds`` is true or which is null, into what it means."""


def digits_only(value: ColumnElement[str]) -> ColumnElement[bool]:
    """Say that ``value`` holds nothing but digits."""
    return func.translate(value, DIGITS, "") == ""


@dataclass(frozen=True, slots=True)
class Line:
    """Text of one line."""

    most: int = 200

    @property
    def says(self) -> str:
        """Name the limit."""
        return f"text, at most {self.most} characters"

    @property
    def fault(self) -> str:
        """Name the limit."""
        return f"is not a text of at most {self.most} characters on one line"

    def holds(self, value: ColumnElement[str]) -> ColumnElement[bool]:
        """Leave out control characters; the usual text has none of the first 32."""
        return (func.length(value) <= self.most) & ~value.regexp_match("[[:cntrl:]]")

    def typed(self, value: ColumnElement[str]) -> ColumnElement[Any]:
        """Take it as it is."""
        return value


@dataclass(frozen=True, slots=True)
class Paragraphs:
    """Text of any number of lines."""

    most: int = 20_000

    @property
    def says(self) -> str:
        """Name the limit."""
        return f"text, at most {self.most} characters, line breaks allowed"

    @property
    def fault(self) -> str:
        """Name the limit."""
        return f"is longer than {self.most} characters"

    def holds(self, value: ColumnElement[str]) -> ColumnElement[bool]:
        """Count."""
        return func.length(value) <= self.most

    def typed(self, value: ColumnElement[str]) -> ColumnElement[Any]:
        """Take it as it is."""
        return value


@dataclass(frozen=True, slots=True)
class Several:
    """Several words, with a semicolon between them."""

    most: int = 500

    @property
    def says(self) -> str:
        """Show the separator."""
        return "words, separated by ;"

    @property
    def fault(self) -> str:
        """Show the separator."""
        return f"is not a list of words separated by ; of at most {self.most} characters"

    def holds(self, value: ColumnElement[str]) -> ColumnElement[bool]:
        """Let no word be empty."""
        return (func.length(value) <= self.most) & value.regexp_match(
            r"^[^;[:cntrl:]]*[^;[:space:]][^;]*(;\s*[^;[:cntrl:][:space:]][^;[:cntrl:]]*)*$"
        )

    def typed(self, value: ColumnElement[str]) -> ColumnElement[Any]:
        """Split it."""
        return cast(func.regexp_split_to_array(func.btrim(value), r"\s*;\s*"), ARRAY(Text))


@dataclass(frozen=True, slots=True)
class WholeNumber:
    """A whole number; 007 is 7."""

    least: int
    most: int
    is_small: bool = True

    @property
    def says(self) -> str:
        """Name the range."""
        return f"whole number from {self.least} to {self.most}"

    @property
    def fault(self) -> str:
        """Name the range."""
        return f"is not a {self.says}"

    def holds(self, value: ColumnElement[str]) -> ColumnElement[bool]:
        """Look at the text first: nine digits cannot overflow the cast."""
        in_range = cast(value, Integer).between(self.least, self.most)
        has_digits_only = digits_only(value) & func.length(value).between(1, _MOST_DIGITS)
        cases: list[tuple[ColumnElement[bool], ColumnElement[bool]]] = [(has_digits_only, in_range)]
        if self.least < 0:
            cases.append((value.regexp_match("^-[0-9]{1,9}$"), in_range))
        return case(*cases, else_=no())

    def typed(self, value: ColumnElement[str]) -> ColumnElement[Any]:
        """Cast it."""
        return cast(value, SmallInteger if self.is_small else Integer)


@dataclass(frozen=True, slots=True)
class Decimal:
    """A number with at most ``scale`` decimals, which the column keeps exactly."""

    least: float
    most: float
    precision: int
    scale: int

    @property
    def says(self) -> str:
        """Name the range."""
        return f"number from {self.least:g} to {self.most:g}, at most {self.scale} decimals"

    @property
    def fault(self) -> str:
        """Name the range."""
        return f"is not a {self.says}"

    def holds(self, value: ColumnElement[str]) -> ColumnElement[bool]:
        """Look at the digits first; trailing zeros are no decimals."""
        in_range = cast(value, Numeric).between(self.least, self.most)
        shape = f"^-?[0-9]{{1,9}}([.][0-9]{{0,{self.scale}}}0{{0,9}})?$"
        return case((value.regexp_match(shape), in_range), else_=no())

    def typed(self, value: ColumnElement[str]) -> ColumnElement[Any]:
        """Cast it to what the column keeps."""
        return cast(value, Numeric(self.precision, self.scale))


@dataclass(frozen=True, slots=True)
class Flag:
    """True or false, in one of a few ways."""

    @property
    def says(self) -> str:
        """Name the ways."""
        return "true or false (yes, no, y, n, 1, 0)"

    @property
    def fault(self) -> str:
        """Name the ways."""
        return "is not true or false, yes or no, y or n, 1 or 0"

    def holds(self, value: ColumnElement[str]) -> ColumnElement[bool]:
        """Compare."""
        return func.lower(value).in_(_YES + _NO)

    def typed(self, value: ColumnElement[str]) -> ColumnElement[Any]:
        """Compare; no value stays none."""
        return case((value.is_(None), cast(null(), Boolean)), else_=func.lower(value).in_(_YES))


@dataclass(frozen=True, slots=True)
class Word:
    """One of a few words, in any case. ``meanings`` are more words, and what of ``words`` each means."""

    words: tuple[str, ...]
    meanings: Mapping[str, str] = field(default_factory=dict, hash=False)
    is_number: bool = False

    @property
    def says(self) -> str:
        """Name the words."""
        return "one of " + ", ".join(self.words)

    @property
    def fault(self) -> str:
        """Name the words that the file may use."""
        return f"is not one of {', '.join((*self.words, *self.meanings))}"

    @property
    def texts(self) -> Mapping[str, list[str]]:
        """Each word with every way to write it. What was mapped goes before what it looks like."""
        texts: dict[str, list[str]] = {word: [] for word in self.words}
        for text_, word in self.meanings.items():
            texts[word].append(text_)
        for word in self.words:
            ways = dict.fromkeys((word, word.lower(), word.upper(), word.capitalize(), word.title()))
            texts[word] += [way for way in ways if way not in self.meanings]
        return texts

    def holds(self, value: ColumnElement[str]) -> ColumnElement[bool]:
        """Compare with every way to write each of them."""
        return value.in_([way for ways in self.texts.values() for way in ways])

    def typed(self, value: ColumnElement[str]) -> ColumnElement[Any]:
        """Name the word that is meant."""
        kind = SmallInteger() if self.is_number else Text()
        meant = [
            (value.in_(ways), cast(literal(int(word) if self.is_number else word, kind), kind))
            for word, ways in self.texts.items()
        ]
        return case(*meant, else_=cast(null(), kind))


KINDERGARTEN: Final = {"K": "0", "k": "0", "KG": "0", "Kindergarten": "0"} | {
    f"0{n}": f"{n}" for n in range(10)
}


def grade_level() -> Word:
    """Return the form of a grade level: K to 12."""
    return Word(tuple(str(level) for level in range(13)), KINDERGARTEN, is_number=True)

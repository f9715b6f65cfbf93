"""What a cell of a OneRoster file may hold. Each kind says in SQL whether it does, and names its fault.

A fault ends in a code in brackets, stable for programs. No check raises, whatever the text is.
"""

from dataclasses import dataclass
from typing import Final

from sqlalchemy import ColumnElement, func

_YEAR: Final = "[12][0-9]{3}"
_COMMON_DAY: Final = (
    "((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)|02-(0[1-9]|1[0-9]|2[0-8]))"
)
_LEAP_DAY: Final = "([12][0-9](0[48]|[2468][048]|[13579][26])|(1[26]|2[048])00)-02-29"
DAY: Final = f"({_YEAR}-{_COMMON_DAY}|{_LEAP_DAY})"
TIME: Final = "([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]"
GUID: Final = "[0-9A-Za-z./@_-]+"
EXTENSION: Final = "ext:[0-9A-Za-z._-]+"
PAIR: Final = r"\{[^{}:[:cntrl:]]+:[^{}[:cntrl:]]+\}"
_LONGEST_GUID: Final = 255


@dataclass(frozen=True, slots=True)
class Shape:
    """A value of which all matches ``pattern``."""

    pattern: str
    fault: str

    def holds(self, value: ColumnElement[str]) -> ColumnElement[bool]:
        """Match all of it."""
        return value.regexp_match(f"^(?:{self.pattern})$")


@dataclass(frozen=True, slots=True)
class Day:
    """A day as YYYY-MM-DD, from the year 1000 to 2999. PostgreSQL counts days faster than a pattern does."""

    fault: str = "is not a date as YYYY-MM-DD [row.invalid_date]"

    def holds(self, value: ColumnElement[str]) -> ColumnElement[bool]:
        """Look at the digits, then for the day in the calendar."""
        written = value.regexp_match(f"^{_YEAR}-[0-9]{{2}}-[0-9]{{2}}$")
        return written & func.pg_input_is_valid(value, "date")


@dataclass(frozen=True, slots=True)
class Free:
    """Any text on one line; ``most`` characters, where an index holds it."""

    fault: str = "holds a line break or another control character [csv.line_break_in_quoted_field]"
    most: int | None = None

    def holds(self, value: ColumnElement[str]) -> ColumnElement[bool]:
        """Leave out control characters."""
        is_one_line = ~value.regexp_match("[[:cntrl:]]")
        return is_one_line if self.most is None else is_one_line & (func.length(value) <= self.most)


@dataclass(frozen=True, slots=True)
class Identifier:
    """What a source calls a record."""

    fault: str = "is not an identifier of at most 255 letters, digits and . / @ _ - [row.invalid_guid]"

    def holds(self, value: ColumnElement[str]) -> ColumnElement[bool]:
        """Count the characters too."""
        return value.regexp_match(f"^{GUID}$") & (func.length(value) <= _LONGEST_GUID)


@dataclass(frozen=True, slots=True)
class Words:
    """One of a few words, as they are written, or an extension of the list where ``is_open``."""

    words: tuple[str, ...]
    is_open: bool = True

    @property
    def fault(self) -> str:
        """Name the words."""
        more = " or ext:..." if self.is_open else ""
        return f"is not one of {', '.join(self.words)}{more} [row.invalid_enum]"

    def holds(self, value: ColumnElement[str]) -> ColumnElement[bool]:
        """Compare."""
        known = value.in_(self.words)
        return known | value.regexp_match(f"^{EXTENSION}$") if self.is_open else known


@dataclass(frozen=True, slots=True)
class Nothing:
    """No value at all."""

    fault: str = "must be empty in a bulk file [row.field_forbidden_in_bulk]"

    def holds(self, value: ColumnElement[str]) -> ColumnElement[bool]:
        """Say no to any value."""
        return value.is_(None)


FREE: Final = Free()
NAME: Final = Free(
    "is longer than 255 characters, or holds a control character [csv.line_break_in_quoted_field]", 255
)
GUID_CELL: Final = Identifier()
GUIDS: Final = Shape(f"{GUID}(,{GUID})*", "is not a list of identifiers [row.invalid_list]")
LIST: Final = Shape(
    "[^,[:cntrl:]]+(,[^,[:cntrl:]]+)*", "is not a list with a value at each place [row.invalid_list]"
)
PAIRS: Final = Shape(f"{PAIR}(,{PAIR})*", "is not a list of pairs such as {A:94},{B:84} [row.invalid_list]")
DATE: Final = Day()
DATE_TIME: Final = Shape(
    rf"{DAY}T{TIME}\.[0-9]{{3}}Z", "is not an instant as YYYY-MM-DDTHH:MM:SS.sssZ [row.invalid_datetime]"
)
YEAR: Final = Shape(_YEAR, "is not a year as YYYY [row.invalid_year]")
FLAG: Final = Shape("true|false", "is not true or false [row.invalid_boolean]")
INTEGER: Final = Shape("-?[0-9]{1,9}", "is not a whole number [row.invalid_integer]")
NUMBER: Final = Shape(
    r"-?[0-9]{1,12}(\.[0-9]{1,12})?", "is not a number in plain decimals [row.invalid_float]"
)
EMPTY: Final = Nothing()
STATUS: Final = Words(("active", "tobedeleted"), is_open=False)
MISSING: Final = "has no value [row.missing_required_value]"
MISSING_IN_DELTA: Final = "must be filled in a delta file [row.field_required_in_delta]"

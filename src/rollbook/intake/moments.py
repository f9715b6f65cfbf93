"""Days, instants and times of day as text, and what they become."""

from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Date,
    DateTime,
    Integer,
    Time,
    and_,
    case,
    cast,
    extract,
    func,
    text,
    true,
)
from sqlalchemy import false as no

from rollbook.intake.dates import ISO, DateFormat
from rollbook.intake.values import DIGITS

_ONE_MONTH_LESS_A_DAY: Final = text("interval '1 month - 1 day'")
_ONE_DAY_LESS_A_SECOND: Final = text("interval '1 day - 1 second'")


@dataclass(frozen=True, slots=True)
class Day:
    """A date as ``format`` writes it, of the years 1900 to 2199."""

    format: DateFormat = ISO

    @property
    def says(self) -> str:
        """Name the format."""
        return f"date, {self.format}"

    @property
    def fault(self) -> str:
        """Name the format."""
        return f"is not a date written {self.format}"

    def holds(self, value: ColumnElement[str]) -> ColumnElement[bool]:
        """Look at the parts before the calendar is asked: it raises for what is no date."""
        year, month, day = self.format.parts(value)
        first = func.make_date(cast(year, Integer), cast(month, Integer), 1)
        last = extract("day", first + _ONE_MONTH_LESS_A_DAY)
        plausible = year.between("1900", "2199") & month.between("01", "12") & day.between("01", "31")
        inside = case((day <= "28", true()), else_=cast(day, Integer) <= last)
        return case((self.format.has_shape(value), case((plausible, inside), else_=no())), else_=no())

    def typed(self, value: ColumnElement[str]) -> ColumnElement[Any]:
        """Cast ISO; put others together."""
        if self.format == ISO:
            return cast(value, Date)
        year, month, day = (cast(part, Integer) for part in self.format.parts(value))
        return func.make_date(year, month, day)


_REST_OF_INSTANT: Final = "^([.][0-9]{1,6})?(Z|[+-](0[0-9]|1[0-5])(:?[0-5][0-9])?)?$"
_DATE_LENGTH: Final = 10


@dataclass(frozen=True, slots=True)
class Instant:
    """An instant in ISO 8601; without an offset it is the tenant's time. A date is the end of that day."""

    @property
    def says(self) -> str:
        """Show the shapes."""
        return "instant such as 2026-01-31T15:04:05Z, or a date: the end of that day"

    @property
    def fault(self) -> str:
        """Show a shape."""
        return "is not an instant such as 2026-01-31T15:04:05Z, nor a date"

    def holds(self, value: ColumnElement[str]) -> ColumnElement[bool]:
        """Look at the date and the clock; a regular expression only for fractions and offsets."""
        clock, rest = func.substr(value, 12, 8), func.substr(value, 20)
        on_the_clock = and_(
            func.substr(value, 11, 1).in_(("T", " ")),
            func.translate(clock, DIGITS, "") == "::",
            func.length(clock) == len("15:04:05"),
            func.substr(clock, 3, 1) == ":",
            func.substr(clock, 6, 1) == ":",
            func.substr(clock, 1, 2) <= "23",
            func.substr(clock, 4, 2) <= "59",
            func.substr(clock, 7, 2) <= "59",
        )
        ends_well = case((rest.in_(("", "Z")), true()), else_=rest.regexp_match(_REST_OF_INSTANT))
        is_day = Day().holds(func.substr(value, 1, _DATE_LENGTH))
        return case(
            (func.length(value) == _DATE_LENGTH, is_day), (on_the_clock & ends_well, is_day), else_=no()
        )

    def typed(self, value: ColumnElement[str]) -> ColumnElement[Any]:
        """Cast it, in the time zone that the transaction was set to."""
        instant = DateTime(timezone=True)
        end_of_day = cast(cast(value, Date) + _ONE_DAY_LESS_A_SECOND, instant)
        return case((func.length(value) == _DATE_LENGTH, end_of_day), else_=cast(value, instant))


@dataclass(frozen=True, slots=True)
class Clock:
    """A time of day on 24 hours."""

    @property
    def says(self) -> str:
        """Show one."""
        return "time of day such as 14:30"

    @property
    def fault(self) -> str:
        """Show one."""
        return f"is not a {self.says}"

    def holds(self, value: ColumnElement[str]) -> ColumnElement[bool]:
        """Match it."""
        return value.regexp_match("^([01]?[0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?$")

    def typed(self, value: ColumnElement[str]) -> ColumnElement[Any]:
        """Cast it."""
        return cast(value, Time)

"""The school years of the demo: two terms, four quarters, holidays, and when facts became known."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from typing import Any, Final
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

LATEST_YEAR: Final = 2026  # 2025/26, called by the calendar year it ends in
TIME_ZONE: Final = "America/Chicago"
TODAY: Final = date(2026, 3, 27)  # the demo stands still on this Friday
NEVER: Final = np.datetime64("NaT")
MONDAY, TUESDAY, THURSDAY, FRIDAY, SATURDAY = 0, 1, 3, 4, 5
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Term:
    """Half a year; ``ends_on`` is its last day, ``results_on`` the day its results come out."""

    code: str
    starts_on: date
    ends_on: date
    results_on: date

    @property
    def middle(self) -> date:
        """Return the Friday that ends the first of its two quarters."""
        half = self.starts_on + (self.ends_on - self.starts_on) / 2
        return half + _DAY * (FRIDAY - half.weekday())


def _nth(year: int, month: int, weekday: int, nth: int) -> date:
    """Return the nth such weekday of the month; -1 is its last."""
    first = date(year, month, 1)
    found = [first + _DAY * n for n in range(31) if (first + _DAY * n).month == month]
    return [day for day in found if day.weekday() == weekday][nth - 1 if nth > 0 else nth]


class SchoolYear:
    """A school year, laid out by rule: the same weekdays are free every year. Weeks count from its first."""

    def __init__(self, ends_in: int) -> None:
        self.number = ends_in
        fall, spring = ends_in - 1, ends_in
        christmas = date(fall, 12, 21)
        last = christmas - _DAY * ((christmas.weekday() - FRIDAY) % 7)
        begin = date(spring, 1, 6)
        begin += _DAY * ((7 - begin.weekday()) if begin.weekday() >= SATURDAY else 0)
        end = _nth(spring, 5, FRIDAY, -1)
        self.terms: Final = (
            Term("S1", _nth(fall, 8, MONDAY, 3), last, last + 3 * _DAY),
            Term("S2", begin, end, end + 4 * _DAY),
        )

    @property
    def starts_on(self) -> date:
        """Return the first day."""
        return self.terms[0].starts_on

    @property
    def ends_on(self) -> date:
        """Return the last day."""
        return self.terms[-1].ends_on

    @property
    def closes_on(self) -> date:
        """Return the day by which all of it is known, the last correction included."""
        return date(self.number, 6, 30)

    @property
    def opens_on(self) -> date:
        """Return the day on which its books are opened."""
        return date(self.number - 1, 8, 1)

    @property
    def weeks(self) -> int:
        """Count its weeks."""
        return (self.ends_on - self.starts_on).days // 7 + 1

    @cached_property
    def holidays(self) -> tuple[tuple[date, date], ...]:
        """Return the free days: first and last of each spell."""
        fall, spring = self.number - 1, self.number
        columbus, thanks = _nth(fall, 10, MONDAY, 2), _nth(fall, 11, THURSDAY, 4)
        rest = _nth(spring, 3, MONDAY, 3)
        single = (
            _nth(fall, 9, MONDAY, 1),
            date(fall, 11, 11),
            _nth(spring, 1, MONDAY, 3),
            _nth(spring, 2, MONDAY, 3),
            _nth(spring, 4, FRIDAY, 1),
            _nth(spring, 5, MONDAY, -1),
        )
        spells = (
            (columbus, columbus + _DAY),
            (thanks - _DAY, thanks + _DAY),
            (self.terms[0].ends_on + _DAY, self.terms[1].starts_on - _DAY),
            (rest, rest + 4 * _DAY),
        )
        return (*((day, day) for day in single), *spells)

    @cached_property
    def weekdays(self) -> Array:
        """Return every Monday to Friday from the first day to the last (datetime64[D])."""
        days = np.arange(np.datetime64(self.starts_on), np.datetime64(self.ends_on) + 1)
        return days[weekday_of(days) < SATURDAY]

    @cached_property
    def school_days(self) -> Array:
        """Return the days on which school is held (datetime64[D])."""
        return self.weekdays[~self.is_holiday(self.weekdays)]

    @cached_property
    def term_starts(self) -> Array:
        """Return the first day of each term."""
        return np.array([term.starts_on for term in self.terms], dtype="datetime64[D]")

    @cached_property
    def term_ends(self) -> Array:
        """Return the last day of each term."""
        return np.array([term.ends_on for term in self.terms], dtype="datetime64[D]")

    @cached_property
    def results(self) -> Array:
        """Return the day on which each term's results come out."""
        return np.array([term.results_on for term in self.terms], dtype="datetime64[D]")

    def is_holiday(self, days: Array) -> Array:
        """Say of each day whether it is a holiday."""
        free = np.zeros(days.shape, dtype=bool)
        for first, last in self.holidays:
            free |= (days >= np.datetime64(first)) & (days <= np.datetime64(last))
        return free

    def week_of(self, days: Array) -> Array:
        """Return the week of each day, counted from the first week of the year."""
        week: Array = (days - np.datetime64(self.starts_on)).astype("int64") // 7
        return np.clip(week, 0, self.weeks - 1)

    def term_of(self, days: Array) -> Array:
        """Return the number of the term, 0 or 1, that each day is in or before the end of."""
        term: Array = (days > np.datetime64(self.terms[0].ends_on)).astype("int64")
        return term

    def next_school_day(self, days: Array, after: Array | int = 1) -> Array:
        """Return the ``after``-th school day after each of ``days``; beyond the last one, the last one."""
        calendar = self.school_days
        position = np.searchsorted(calendar, days, side="right") - 1 + after
        result: Array = calendar[np.clip(position, 0, len(calendar) - 1)]
        return result


def weekday_of(days: Array) -> Array:
    """Return 0 for Monday ... 6 for Sunday; 1 January 1970 was a Thursday."""
    thursday: Array = (days.astype("int64") + 3) % 7
    return thursday


def day_of(day: date) -> Array:
    """Return ``day`` as arrays hold days."""
    result: Array = np.array(day, dtype="datetime64[D]")
    return result


def instants(days: Array, minute: Array | int) -> Array:
    """Return the instants (datetime64[s], UTC) at ``minute`` of the local day on each of ``days``.

    Units: minutes from local midnight, counted from 03:00 on so that a change of the clocks does not matter.
    """
    unique, place = np.unique(days.astype("datetime64[D]"), return_inverse=True)
    offsets = np.array([_offset_s(day) for day in unique.tolist()], dtype="timedelta64[s]")
    minutes = np.asarray(minute).astype("timedelta64[m]")
    result: Array = days.astype("datetime64[s]") + minutes - offsets[place.reshape(days.shape)]
    return result


def _offset_s(day: date) -> int:
    noon = datetime.combine(day, time(12), tzinfo=ZoneInfo(TIME_ZONE))
    return int((noon.replace(tzinfo=UTC) - noon).total_seconds())

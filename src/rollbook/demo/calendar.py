"""The school year 2025/26 of the demo: two terms, holidays, and the instants at which facts became known."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any, Final
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

SCHOOL_YEAR: Final = 2026  # called by the calendar year it ends in
TIME_ZONE: Final = "America/Chicago"
TODAY: Final = date(2026, 3, 27)  # the demo stands still on this Friday


@dataclass(frozen=True, slots=True)
class Term:
    """Half a year; ``ends_on`` is its last day, ``results_on`` the day its results come out."""

    code: str
    starts_on: date
    ends_on: date
    results_on: date


TERMS: Final = (
    Term("S1", date(2025, 8, 18), date(2025, 12, 19), date(2025, 12, 22)),
    Term("S2", date(2026, 1, 6), date(2026, 5, 29), date(2026, 6, 2)),
)
HOLIDAYS: Final = (
    (date(2025, 9, 1), date(2025, 9, 1)),
    (date(2025, 10, 13), date(2025, 10, 14)),
    (date(2025, 11, 11), date(2025, 11, 11)),
    (date(2025, 11, 26), date(2025, 11, 28)),
    (date(2025, 12, 20), date(2026, 1, 5)),
    (date(2026, 1, 19), date(2026, 1, 19)),
    (date(2026, 2, 16), date(2026, 2, 16)),
    (date(2026, 3, 16), date(2026, 3, 20)),
    (date(2026, 4, 3), date(2026, 4, 3)),
    (date(2026, 5, 25), date(2026, 5, 25)),
)
_SATURDAY: Final = 5


def weekdays() -> Array:
    """Return every Monday to Friday from the first day of the year to the last (datetime64[D])."""
    days = np.arange(np.datetime64(TERMS[0].starts_on), np.datetime64(TERMS[-1].ends_on) + 1)
    return days[weekday_of(days) < _SATURDAY]


def weekday_of(days: Array) -> Array:
    """Return 0 for Monday ... 6 for Sunday; 1 January 1970 was a Thursday."""
    thursday: Array = (days.astype("int64") + 3) % 7
    return thursday


def is_holiday(days: Array) -> Array:
    """Say of each day whether it is a holiday."""
    free = np.zeros(days.shape, dtype=bool)
    for first, last in HOLIDAYS:
        free |= (days >= np.datetime64(first)) & (days <= np.datetime64(last))
    return free


def school_days() -> Array:
    """Return the days on which school is held (datetime64[D])."""
    days = weekdays()
    return days[~is_holiday(days)]


def week_of(days: Array) -> Array:
    """Return the week of each day, counted from the first week of the year."""
    week: Array = (days - np.datetime64(TERMS[0].starts_on)).astype("int64") // 7
    return np.clip(week, 0, WEEKS - 1)


WEEKS: Final = (TERMS[-1].ends_on - TERMS[0].starts_on).days // 7 + 1


def term_of(days: Array) -> Array:
    """Return the number of the term, 0 or 1, that each day is in or before the end of."""
    term: Array = (days > np.datetime64(TERMS[0].ends_on)).astype("int64")
    return term


def next_school_day(days: Array, after: Array | int = 1) -> Array:
    """Return the ``after``-th school day after each of ``days``; beyond the last one, the last one."""
    calendar = school_days()
    position = np.searchsorted(calendar, days, side="right") - 1 + after
    result: Array = calendar[np.clip(position, 0, len(calendar) - 1)]
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

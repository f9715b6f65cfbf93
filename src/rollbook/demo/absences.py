"""Attendance: illness comes in spells, Mondays and winters are worse, some notes come days later.

Elementary schools take it once a day, the others in each period that meets on the day.
"""

from collections.abc import Iterator
from datetime import date
from typing import Final

import numpy as np

from rollbook.attendance.models import AttendanceStatus
from rollbook.demo.calendar import Array, SchoolYear, instants, weekday_of
from rollbook.demo.facts import Batch, Columns, Correction, Words, pick
from rollbook.demo.lives import Lives
from rollbook.demo.plan import ELEMENTARY_SCHOOLS, HIGH, SCHOOL_STRAIN
from rollbook.demo.roster import Roster
from rollbook.demo.timetable import PERIODS

BY_WEEKDAY: Final = np.array([0.25, -0.05, -0.1, 0.0, 0.3])
BY_MONTH: Final = {9: -0.2, 10: -0.1, 12: 0.25, 1: 0.3, 2: 0.35, 5: 0.15}
USUAL: Final = -3.55  # log-odds of a first day away
AGAIN: Final = 1.9  # added on the day after a day away
LATE: Final = -3.4  # log-odds of coming late
SKIPS: Final = -6.2  # log-odds of missing a single period in high school
ROLL_CALL: Final = 9 * 60 + 30  # minutes after midnight, when the mark of a day or first period is known
LESSON: Final = 115  # minutes from one period's roll call to the next's
REASONS: Final = (None, "illness", "medical appointment", "family", "religious observance")
_REASON_SHARES: Final = [0.7, 0.15, 0.12, 0.03]
STATUSES: Final = tuple(status.value for status in AttendanceStatus)
_PRESENT, _ABSENT, _TARDY, _EXCUSED = (
    STATUSES.index(status)
    for status in (
        AttendanceStatus.PRESENT,
        AttendanceStatus.ABSENT,
        AttendanceStatus.TARDY,
        AttendanceStatus.EXCUSED,
    )
)
_MOST_DAYS_UNTIL_NOTE: Final = 9
CAME_AFTER_ALL: Final = 0.97


def draw_attendance(
    rng: np.random.Generator, year: SchoolYear, roster: Roster, lives: Lives
) -> Iterator[Batch]:
    """Draw a mark for each student, school day and period, month by month, with later corrections."""
    days = _Days(rng, year, roster, lives)
    months = year.school_days.astype("datetime64[M]")
    for month in np.unique(months):
        yield days.batch(rng, np.flatnonzero(months == month))


class _Days:
    """What each member does on each school day. Shape: (member, day)."""

    def __init__(self, rng: np.random.Generator, year: SchoolYear, roster: Roster, lives: Lives) -> None:
        self._year, self._roster = year, roster
        members, days = roster.members, year.school_days
        self._strain = lives.attendance[:, year.week_of(days)]
        self.here = (days >= members.entry_on[:, None]) & ~(days >= members.exit_on[:, None])
        self._away = _away(rng, days, SCHOOL_STRAIN[members.school], self._strain)
        self._late = ~self._away & (rng.random(self._away.shape) < _chance(LATE + 0.6 * self._strain))
        called = rng.random(self._away.shape) < _chance(-0.5 - 0.6 * self._strain)
        self._excused = self._away & called
        self._reason = 1 + rng.choice(len(_REASON_SHARES), self._away.shape, p=_REASON_SHARES)
        self._fate = rng.random(self._away.shape)
        self._waits = rng.integers(1, _MOST_DAYS_UNTIL_NOTE, self._away.shape)
        self._note_minute = rng.integers(14 * 60 + 15, 16 * 60, self._away.shape)

    def batch(self, rng: np.random.Generator, chosen: Array) -> Batch:
        """Return the marks of the ``chosen`` days, by member, day and period."""
        member, place = np.nonzero(self.here[:, chosen])
        day = chosen[place]
        row, period = self._periods(member, day)
        member, day = member[row], day[row]
        is_first = (period == 0) | (period <= 2)
        away, late = self._away[member, day], self._late[member, day] & is_first
        skips = self._skips(rng, member, day, away)
        excused = self._excused[member, day]
        status = np.select([excused, away | skips, late], [_EXCUSED, _ABSENT, _TARDY], _PRESENT)
        lesson = np.where(period == 0, 0, (period - 1) // 2)
        marks: Columns = {
            "student_id": self._roster.people.ids[self._roster.members.person[member]],
            "date": self._year.school_days[day],
            "period": period,
            "status": Words(status, STATUSES),
            "minutes_late": np.where(status == _TARDY, rng.integers(2, 55, len(row)), 0),
            "reason": Words(np.where(excused, self._reason[member, day], 0), REASONS),
            "known_at": instants(
                self._year.school_days[day], ROLL_CALL + lesson * LESSON + rng.integers(0, 40, len(row))
            ),
        }
        return Batch("attendance_records", marks, (self._corrections(rng, marks, member, day, status),))

    def _periods(self, member: Array, day: Array) -> tuple[Array, Array]:
        """Return the rows, each as often as the school takes attendance on that day, and their periods."""
        by_period = self._roster.members.school[member] >= ELEMENTARY_SCHOOLS
        row = np.arange(len(member)).repeat(np.where(by_period, PERIODS // 2, 1))
        first = np.concatenate([[0], np.cumsum(np.where(by_period, PERIODS // 2, 1))[:-1]]).astype(int)
        turn = np.arange(len(row)) - first[row] if len(row) else row
        period: Array = np.where(by_period[row], 2 * turn + 1 + day[row] % 2, 0)
        return row, period

    def _skips(self, rng: np.random.Generator, member: Array, day: Array, away: Array) -> Array:
        skips = rng.random(len(member)) < _chance(SKIPS + 1.1 * self._strain[member, day])
        result: Array = ~away & skips & (self._roster.members.school[member] == HIGH)
        return result

    def _corrections(
        self, rng: np.random.Generator, marks: Columns, member: Array, day: Array, status: Array
    ) -> Correction:
        """A note comes one to eight school days later, for the whole day; or the student had come late."""
        fate, is_open = self._fate[member, day], (status == _ABSENT) & self._away[member, day]
        came = is_open & (fate > CAME_AFTER_ALL)
        noted = is_open & (fate < _chance(-0.4 - 0.5 * self._strain[member, day]))
        rows = np.flatnonzero(noted | came)
        is_tardy, where = came[rows], (member[rows], day[rows])
        waits = np.where(is_tardy, 0, self._waits[where])
        known_on = self._year.next_school_day(self._year.school_days[day[rows]], waits)
        columns: Columns = {
            "status": Words(np.where(is_tardy, _TARDY, _EXCUSED), STATUSES),
            "minutes_late": np.where(is_tardy, rng.integers(40, 90, len(rows)), 0),
            "reason": Words(np.where(is_tardy, 0, self._reason[where]), REASONS),
            "known_at": instants(known_on, self._note_minute[where]),
        }
        names = ("student_id", "date", "period")
        return Correction(pick({name: marks[name] for name in names}, rows), columns)


def _away(rng: np.random.Generator, days: Array, school_strain: Array, strain: Array) -> Array:
    """Return who is away when: each day depends on the day before."""
    month = np.array([BY_MONTH.get(day.month, 0.0) for day in days.tolist()])
    calendar = USUAL + BY_WEEKDAY[weekday_of(days)] + month
    odds = calendar + 0.3 * school_strain[:, None] + 0.85 * strain
    draw = rng.random(odds.shape)
    away = np.zeros(odds.shape, dtype=bool)
    before = np.zeros(len(odds), dtype=bool)
    for day in range(odds.shape[1]):
        away[:, day] = before = draw[:, day] < _chance(odds[:, day] + AGAIN * before)
    return away


def submissions(year: SchoolYear, school_ids: Array, today: date) -> Batch:
    """Say that every school has sent all of its marks up to the latest school day that is over ``today``."""
    held = year.school_days[year.school_days <= np.datetime64(today)][-1:]
    count = len(school_ids) * len(held)
    rows = {
        "school_id": school_ids[:count],
        "is_by_exception": np.zeros(count, dtype=bool),
        "submitted_through": held.repeat(len(school_ids)),
        "known_at": instants(held.repeat(len(school_ids)), 17 * 60),
    }
    return Batch("attendance_submissions", rows)


def _chance(log_odds: Array) -> Array:
    chance: Array = 1 / (1 + np.exp(-log_odds))
    return chance

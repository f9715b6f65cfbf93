"""Daily attendance: illness comes in spells, Mondays and winters are worse, some notes come days later."""

from typing import Final

import numpy as np

from rollbook.demo.calendar import Array, instants, next_school_day, school_days, week_of, weekday_of
from rollbook.demo.facts import Columns, Correction, nullable, pick
from rollbook.demo.people import Lives, Students

BY_WEEKDAY: Final = np.array([0.25, -0.05, -0.1, 0.0, 0.3])
BY_MONTH: Final = {9: -0.2, 10: -0.1, 12: 0.25, 1: 0.3, 2: 0.35, 5: 0.15}
BY_SCHOOL: Final = np.array([-0.05, 0.0, 0.1])
USUAL: Final = -3.55  # log-odds of a first day away
AGAIN: Final = 1.9  # added on the day after a day away
LATE: Final = -3.4  # log-odds of coming late
ROLL_CALL: Final = 9 * 60 + 30  # minutes after midnight, when the mark is known
REASONS: Final = ("illness", "medical appointment", "family", "religious observance")


def draw_attendance(rng: np.random.Generator, students: Students, lives: Lives) -> tuple[Columns, Correction]:
    """Draw a whole-day mark for each student and school day, and the corrections that came later."""
    days = school_days()
    present = (days >= students.entry_on[:, None]) & ~(days >= students.exit_on[:, None])
    absent = _absent(rng, students, lives, days)
    late = ~absent & (rng.random(absent.shape) < _chance(LATE + 0.6 * lives.attendance[:, week_of(days)]))
    student, day = np.nonzero(present)
    absent, late = absent[student, day], late[student, day]
    marks: dict[str, Array] = {
        "student_id": students.ids[student],
        "date": days[day],
        "period": np.zeros(len(day), dtype=int),
        "status": np.select([absent, late], ["absent", "tardy"], "present").astype(object),
        "minutes_late": np.where(late, rng.integers(2, 55, len(day)), 0),
        "reason": np.full(len(day), None, dtype=object),
        "known_at": instants(days[day], ROLL_CALL + rng.integers(0, 40, len(day))),
    }
    strain = lives.attendance[student, week_of(days[day])]
    _excuse_at_once(rng, marks, absent, strain)
    return marks, _excuse_later(rng, marks, strain)


def _absent(rng: np.random.Generator, students: Students, lives: Lives, days: Array) -> Array:
    """Return who is away when: each day depends on the day before."""
    month = np.array([BY_MONTH.get(day.month, 0.0) for day in days.tolist()])
    calendar = USUAL + BY_WEEKDAY[weekday_of(days)] + month
    odds = calendar + BY_SCHOOL[students.school][:, None] + 0.85 * lives.attendance[:, week_of(days)]
    draw = rng.random(odds.shape)
    away = np.zeros(odds.shape, dtype=bool)
    before = np.zeros(len(students), dtype=bool)
    for day in range(odds.shape[1]):
        away[:, day] = before = draw[:, day] < _chance(odds[:, day] + AGAIN * before)
    return away


def _excuse_at_once(rng: np.random.Generator, marks: dict[str, Array], absent: Array, strain: Array) -> None:
    """Some families call in the morning; fewer where life is hard."""
    called = absent & (rng.random(len(absent)) < _chance(-0.5 - 0.6 * strain))
    marks["status"][called] = "excused"
    marks["reason"] = nullable(
        rng.choice(np.array(REASONS, dtype=object), len(absent), p=[0.7, 0.15, 0.12, 0.03]), called
    )


def _excuse_later(rng: np.random.Generator, marks: dict[str, Array], strain: Array) -> Correction:
    """A note comes one to eight school days later; or the student turns out to have come late."""
    open_days = np.flatnonzero(marks["status"] == "absent")
    fate = rng.random(len(open_days))
    noted = fate < _chance(-0.4 - 0.5 * strain[open_days])
    came_late = fate > 0.97
    rows = open_days[noted | came_late]
    is_tardy = came_late[noted | came_late]
    waited = np.where(is_tardy, 0, rng.integers(1, 9, len(rows)))
    known_on = np.where(is_tardy, marks["date"][rows], next_school_day(marks["date"][rows], waited))
    columns = {
        "status": np.where(is_tardy, "tardy", "excused").astype(object),
        "minutes_late": np.where(is_tardy, rng.integers(40, 180, len(rows)), 0),
        "reason": nullable(rng.choice(np.array(REASONS, dtype=object), len(rows)), ~is_tardy),
        "known_at": instants(known_on, rng.integers(13 * 60, 16 * 60, len(rows))),
    }
    return Correction("attendance_records", pick(_key(marks), rows), columns)


def _key(marks: Columns) -> Columns:
    return {name: marks[name] for name in ("student_id", "date", "period")}


def _chance(log_odds: Array) -> Array:
    chance: Array = 1 / (1 + np.exp(-log_odds))
    return chance

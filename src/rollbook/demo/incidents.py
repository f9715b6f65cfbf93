"""Conduct: few students have many incidents; what was decided, or found to be milder, is known days later."""

from typing import Final

import numpy as np

from rollbook.demo.calendar import WEEKS, Array, instants, next_school_day, school_days, week_of
from rollbook.demo.facts import Columns, Correction, nullable, pick
from rollbook.demo.ids import Ids
from rollbook.demo.people import Lives, Students

BY_SCHOOL: Final = np.array([-0.7, 0.25, 0.15])
USUAL: Final = -4.9  # log of incidents per student and week
KINDS: Final = np.array(
    ["disruption", "defiance", "bullying", "fighting", "vandalism", "substance", "truancy"], dtype=object
)
SHARES: Final = [0.36, 0.2, 0.12, 0.1, 0.06, 0.05, 0.11]
GRAVITY: Final = np.array([1, 1, 3, 3, 2, 4, 1])
ACTIONS: Final = np.array(
    ["conference", "call home", "detention", "in-school suspension", "out-of-school suspension"], dtype=object
)


def draw_incidents(
    rng: np.random.Generator, ids: Ids, students: Students, lives: Lives
) -> tuple[Columns, list[Correction]]:
    """Draw the year's incidents, and what became of them later."""
    student, day = _when(rng, students, lives)
    kind = rng.choice(len(KINDS), len(student), p=SHARES)
    severity = np.clip(GRAVITY[kind] + rng.choice([-1, 0, 0, 0, 1], len(kind)), 1, 5)
    is_grave = severity >= 4
    known_at = instants(day, rng.integers(10 * 60, 16 * 60, len(day)))
    action = ACTIONS[np.clip(severity - 1 + rng.integers(0, 2, len(kind)), 0, 4)]
    incidents: dict[str, Array] = {
        "incident_id": ids.draw(len(kind)),
        "student_id": students.ids[student],
        "incident_on": day,
        "incident_type": KINDS[kind],
        "severity_level": severity,
        "action_taken": nullable(action, ~is_grave),
        "known_at": known_at,
    }
    milder = ~is_grave & (severity > 1) & (rng.random(len(kind)) < 0.08)
    return incidents, [_decide(rng, incidents, action, is_grave), _soften(rng, incidents, milder)]


def _when(rng: np.random.Generator, students: Students, lives: Lives) -> tuple[Array, Array]:
    """Return the student and the day of each incident, within the student's time in school."""
    rate = np.exp(USUAL + BY_SCHOOL[students.school][:, None] + 1.0 * lives.conduct)
    counts = rng.poisson(rate)
    student, week = (places.repeat(counts[counts > 0]) for places in np.nonzero(counts))
    calendar = school_days()
    first, last = (
        np.searchsorted(week_of(calendar), np.arange(WEEKS), side=side) for side in ("left", "right")
    )
    held = last[week] > first[week]
    student, week = student[held], week[held]
    day = calendar[rng.integers(first[week], last[week])]
    inside = (day >= students.entry_on[student]) & ~(day >= students.exit_on[student])
    order = np.lexsort((day[inside], student[inside]))
    return student[inside][order], day[inside][order]


def _decide(rng: np.random.Generator, incidents: Columns, action: Array, rows: Array) -> Correction:
    """A grave one has its action one to three school days later."""
    later = next_school_day(incidents["incident_on"][rows], rng.integers(1, 4, int(rows.sum())))
    return _correct(incidents, rows, {"action_taken": action[rows]}, later)


def _soften(rng: np.random.Generator, incidents: Columns, rows: Array) -> Correction:
    """An inquiry finds it one step milder, two to six school days later."""
    later = next_school_day(incidents["incident_on"][rows], rng.integers(2, 7, int(rows.sum())))
    return _correct(incidents, rows, {"severity_level": incidents["severity_level"][rows] - 1}, later)


def _correct(incidents: Columns, rows: Array, changes: dict[str, Array], on: Array) -> Correction:
    key = pick({"incident_id": incidents["incident_id"]}, rows)
    return Correction("discipline_incidents", key, changes | {"known_at": instants(on, 16 * 60 + 15)})

"""Conduct: few students have many incidents; what was decided, or found to be milder, is known days later."""

from typing import Final

import numpy as np

from rollbook.demo.calendar import WEEKS, Array, instants, next_school_day, school_days, week_of
from rollbook.demo.facts import Columns, Correction, pick, texts
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
    rng: np.random.Generator, ids: Ids, students: Students, lives: Lives, school_ids: Array
) -> tuple[dict[str, Columns], Correction]:
    """Draw the year's incidents, who did it, what was done, and which were found to be milder later."""
    student, day = _when(rng, students, lives)
    kind = rng.choice(len(KINDS), len(student), p=SHARES)
    severity = np.clip(GRAVITY[kind] + rng.choice([-1, 0, 0, 0, 1], len(kind)), 1, 5)
    is_grave = severity >= 4
    known_at = instants(day, rng.integers(10 * 60, 16 * 60, len(day)))
    action = ACTIONS[np.clip(severity - 1 + rng.integers(0, 2, len(kind)), 0, 4)]
    incidents: dict[str, Array] = {
        "incident_id": ids.draw(len(kind)),
        "incident_number": np.array([f"INC{n:05}" for n in range(1, len(kind) + 1)], dtype=object),
        "school_id": school_ids[students.school[student]],
        "incident_on": day,
        "incident_type": KINDS[kind],
        "severity_level": severity,
        "known_at": known_at,
    }
    milder = ~is_grave & (severity > 1) & (rng.random(len(kind)) < 0.08)
    who = {"incident_id": incidents["incident_id"], "student_id": students.ids[student]}
    participants = who | {"participant_role": texts(len(kind), "perpetrator"), "known_at": known_at}
    # One action each, so that it can be called what its incident is called.
    actions = {"action_id": incidents["incident_id"]} | who | {"action_type": action}
    actions["known_at"] = _decided(rng, day, known_at, is_grave)
    tables: dict[str, Columns] = {
        "discipline_incidents": incidents,
        "incident_participants": participants,
        "discipline_actions": actions,
    }
    return tables, _soften(rng, incidents, milder)


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


def _decided(rng: np.random.Generator, day: Array, known_at: Array, is_grave: Array) -> Array:
    """A grave one has its action one to three school days later."""
    later = next_school_day(day[is_grave], rng.integers(1, 4, int(is_grave.sum())))
    decided: Array = known_at.copy()
    decided[is_grave] = instants(later, 16 * 60 + 15)
    return decided


def _soften(rng: np.random.Generator, incidents: Columns, rows: Array) -> Correction:
    """An inquiry finds it one step milder, two to six school days later."""
    later = next_school_day(incidents["incident_on"][rows], rng.integers(2, 7, int(rows.sum())))
    changes = {
        "severity_level": incidents["severity_level"][rows] - 1,
        "known_at": instants(later, 16 * 60 + 15),
    }
    key = pick({"incident_id": incidents["incident_id"]}, rows)
    return Correction("discipline_incidents", key, changes)

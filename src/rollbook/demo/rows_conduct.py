"""Phase 9 as rows: incidents, who took part in them, and what was done."""

from collections.abc import Iterator

import numpy as np

from rollbook.conduct.models import ParticipantRole
from rollbook.demo.calendar import Array
from rollbook.demo.facts import Batch, Columns, Correction, Words, lists, same
from rollbook.demo.incidents import ACTIONS, DAYS_LOST, KINDS, PLACES
from rollbook.demo.world import AreaInYear


def conduct(here: AreaInYear) -> Iterator[Batch]:
    """Yield the incidents; a grave one has its action later, some turn out to be milder."""
    found = here.incidents
    ids = here.ids("incidents").draw(len(found))
    yield _incidents(here, ids)
    yield _participants(here, ids, found.member, ParticipantRole.PERPETRATOR, np.arange(len(found)))
    hurt = np.flatnonzero(found.victim >= 0)
    yield _participants(here, ids, found.victim, ParticipantRole.VICTIM, hurt)
    yield _actions(here, ids)


def _incidents(here: AreaInYear, ids: Array) -> Batch:
    found, members = here.incidents, here.roster.members
    count = len(found)
    moved = found.day >= members.moves_on[found.member]
    school = np.where(moved, members.moves_to[found.member], members.school[found.member])
    prefix = f"I{here.area.number:02}{here.year.number % 100:02}"
    rows: Columns = {
        "incident_id": ids,
        "incident_number": lists([f"{prefix}{n:05}" for n in range(1, count + 1)]),
        "school_id": here.school_ids[school],
        "reported_by_staff_id": here.faculty.ids[_reporters(here, school)],
        "incident_on": found.day,
        "incident_type": Words(found.kind, KINDS),
        "severity_level": found.severity,
        "location": Words(found.place, PLACES),
        "known_at": found.known_at,
    }
    softened = ~np.isnat(found.softened_at)
    milder = Correction(
        {"incident_id": ids[softened]},
        {"severity_level": found.severity[softened] - 1, "known_at": found.softened_at[softened]},
    )
    return Batch("discipline_incidents", rows, (milder,))


def _reporters(here: AreaInYear, school: Array) -> Array:
    """Return somebody who works at the ``school`` of each incident."""
    assert here.hired.size <= len(here.faculty)  # which gives the new ones their ids
    works_at = np.array(here.faculty.school)
    chosen = np.zeros(len(school), dtype=int)
    rng = here.rng("reporters")
    for place in np.unique(school):
        at = school == place
        chosen[at] = rng.choice(np.flatnonzero(works_at == place), int(at.sum()))
    return chosen


def _participants(here: AreaInYear, ids: Array, who: Array, role: ParticipantRole, rows: Array) -> Batch:
    columns: Columns = {
        "incident_id": ids[rows],
        "student_id": here.student_ids(who[rows]),
        "participant_role": same(len(rows), role.value),
        "known_at": here.incidents.known_at[rows],
    }
    return Batch("incident_participants", columns)


def _actions(here: AreaInYear, ids: Array) -> Batch:
    found = here.incidents
    day = found.decided_at.astype("datetime64[D]")
    starts = here.year.next_school_day(np.maximum(day, found.day))
    lost = DAYS_LOST[found.action]
    columns: Columns = {
        "action_id": here.ids("actions").draw(len(found)),
        "incident_id": ids,
        "student_id": here.student_ids(found.member),
        "action_type": Words(found.action, ACTIONS),
        "starts_on": starts,
        "ends_on": here.year.next_school_day(starts, np.maximum(lost - 1, 0)),
        "days_lost": lost,
        "known_at": found.decided_at,
    }
    return Batch("discipline_actions", columns)

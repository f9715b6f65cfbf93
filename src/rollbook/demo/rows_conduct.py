"""Phase 9 as rows: incidents."""

from collections.abc import Iterator

import numpy as np

from rollbook.demo.facts import Batch, Columns, Correction, Words
from rollbook.demo.incidents import ACTIONS, GRAVE, KINDS
from rollbook.demo.world import AreaInYear


def conduct(here: AreaInYear) -> Iterator[Batch]:
    """Yield the incidents; a grave one has its action later, some turn out to be milder."""
    found = here.incidents
    ids = here.ids("incidents").draw(len(found))
    grave, softened = found.severity >= GRAVE, ~np.isnat(found.softened_at)
    actions = (*ACTIONS, None)
    rows: Columns = {
        "incident_id": ids,
        "student_id": here.student_ids(found.member),
        "incident_on": found.day,
        "incident_type": Words(found.kind, KINDS),
        "severity_level": found.severity,
        "action_taken": Words(np.where(grave, len(ACTIONS), found.action), actions),
        "known_at": found.known_at,
    }
    decided = Correction(
        {"incident_id": ids[grave]},
        {"action_taken": Words(found.action[grave], actions), "known_at": found.decided_at[grave]},
    )
    milder = Correction(
        {"incident_id": ids[softened]},
        {"severity_level": found.severity[softened] - 1, "known_at": found.softened_at[softened]},
    )
    yield Batch("discipline_incidents", rows, (decided, milder))

"""Keeping what students did in an activity or a fitness test, as both the page and the API do it."""

from collections.abc import Mapping
from datetime import date
from uuid import UUID

from rollbook.activity.fitness import record_results
from rollbook.activity.measuring import Kept, Measured
from rollbook.activity.performances import Given, record_performances
from rollbook.reporting.writing.desk import Desk


def keep(desk: Desk, measured: Measured, day: date, given: Mapping[UUID, Kept]) -> None:
    """Keep what students did on a day, and note it of each of them.

    Raises: what ``record_performances`` and ``record_results`` raise.
    """
    if measured.has_minutes:
        performances = [
            Given(who, day, kept.amount, kept.minutes, notes=kept.notes) for who, kept in given.items()
        ]
        record_performances(desk.db, desk.viewer.tenant, measured.code, performances)
        action, named = "performance_recorded", {"activity": measured.code}
    else:
        results = {who: kept.amount for who, kept in given.items() if kept.amount is not None}
        record_results(desk.db, desk.viewer.tenant, measured.code, day, results)
        action, named = "fitness_recorded", {"test": measured.code}
    for student_id in given:
        desk.note(action, student_id=student_id, details=named)

"""Students' weeks and totals are kept, so that lists over a district are quick: what they can answer."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row, TextClause
from sqlalchemy.orm import Session

from rollbook.core.sql import named_sql

MOST_APART: Final = 2_000
_WEEK: Final = timedelta(weeks=1)
_SIX_DAYS: Final = timedelta(days=6)
_SQL: Final = named_sql("rollbook.attendance", "weeks.sql")


@dataclass(frozen=True, slots=True)
class Standing:
    """How [since, until] is answered from what is kept, and for whom it is counted: who stands ``apart``.

    ``kept``: Mondays of weeks to be taken as they are; the others are in [counted_since, counted_until], if
    there are any. Totals may be if ``has_totals``, but for those
    ``apart_from_totals``: ``moved`` are the ones of them of whom more is known than when they were added up.
    """

    since: date
    until: date
    kept: Sequence[date]
    counted_since: date | None
    counted_until: date | None
    apart: Sequence[UUID]
    apart_from_totals: Sequence[UUID]
    moved: Sequence[UUID]
    has_totals: bool

    def params(self) -> dict[str, Any]:
        """Return the parameters of the queries that read what is kept."""
        return asdict(self)


def standing(db: Session, since: date, until: date) -> Standing:
    """Return how the window is answered from what is kept."""
    first_day, last_day = _monday(since), _sunday(until)
    wanted = {"since": since, "until": until, "first_day": first_day, "last_day": last_day}
    row = db.execute(_SQL["standing"], wanted | {"most": MOST_APART}).one()
    begins_whole = not row.silent_before and len(row.before) <= MOST_APART
    ends_whole = not row.silent_after and len(row.after) <= MOST_APART
    has_totals = row.has_totals and not row.silent_later and len(row.later) <= MOST_APART
    moved = set(row.later) if has_totals else set()
    apart = set(row.noted)
    apart |= set(row.before) if begins_whole else set()
    apart |= set(row.after) if ends_whole else set()
    begin, end = (first_day if begins_whole else since), (last_day if ends_whole else until)
    kept = [week for week in row.kept if begin <= week <= end - _SIX_DAYS]
    counted = sorted(set(mondays(first_day, end)).difference(kept))
    return Standing(
        since=since,
        until=until,
        kept=kept,
        counted_since=max(counted[0], begin) if counted else None,
        counted_until=counted[-1] + min(_SIX_DAYS, end - counted[-1]) if counted else None,
        apart=sorted(apart),
        apart_from_totals=sorted(moved.union(row.noted)),
        moved=sorted(moved),
        has_totals=has_totals,
    )


def mondays(first_day: date, last_day: date) -> list[date]:
    """Return the weeks, known by their Mondays, from that of ``first_day``, a Monday, to ``last_day``."""
    return [first_day + n * _WEEK for n in range((last_day - first_day) // _WEEK + 1)]


def rows_of_sets(db: Session, query: TextClause, wanted: Mapping[str, Any]) -> Sequence[Row[Any]]:
    """Return the rows of a query that adds up marks of many students, planned for that."""
    db.execute(_SQL["plan_for_sets"], {"loops": "off"})
    rows = db.execute(query, wanted).all()
    db.execute(_SQL["plan_for_sets"], {"loops": "on"})
    return rows


def students_in_sight(db: Session) -> list[UUID] | None:
    """Return the students whom this transaction sees, or None if it sees the whole tenant."""
    found: list[UUID] | None = db.execute(_SQL["students_in_sight"]).scalar_one()
    return found


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


def _sunday(day: date) -> date:
    return day if date.max - day < _WEEK else day + timedelta(days=6 - day.weekday())

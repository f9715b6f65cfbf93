"""What a look at indexes and statistics finds."""

from datetime import UTC, datetime, timedelta
from typing import Final

from sqlalchemy.orm import Session

from rollbook.core.checks import Checked, State, fine
from rollbook.ops.doctor import listed
from rollbook.ops.tuning import indexes, upkeep

_LARGE_BYTES: Final = 10_000_000
_COUNTED_FOR: Final = timedelta(days=14)


def look_over(db: Session) -> list[Checked]:
    """Say whether indexes are broken or only cost, and whether the planner knows the tables.

    ``db`` is connected as the owner's role; only the catalogue and counters are read.
    """
    return [_invalid(db), _needless(db), _statistics(db)]


def _invalid(db: Session) -> Checked:
    found = [one.name for one in indexes.invalid(db)]
    if not found:
        return fine("invalid-indexes", "Every index is valid.")
    sentence = (
        f"{len(found)} indexes were left by failed builds: {listed(found)}. Writes keep them, nothing reads."
    )
    return Checked("invalid-indexes", State.WARNING, sentence, "rollbook db optimize")


def _needless(db: Session) -> Checked:
    is_long = datetime.now(UTC) - indexes.counting(db).since > _COUNTED_FOR
    large = [one for one in indexes.drops(db) if one.size_bytes >= _LARGE_BYTES]
    found = [one.name for one in large if is_long or one.reason != "unused"]
    if not found:
        return fine("needless-indexes", "No large index is known to be needless.")
    mega = sum(one.size_bytes for one in large if one.name in found) / 1e6
    sentence = f"{len(found)} indexes of {mega:,.0f} MB are unused, or done by another: {listed(found)}."
    return Checked("needless-indexes", State.WARNING, sentence, "rollbook db indexes")


def _statistics(db: Session) -> Checked:
    found = [one.name for one in upkeep.stale(db)]
    if not found:
        return fine("statistics", "The planner's statistics are fresh.")
    sentence = f"The planner's statistics of {len(found)} tables are stale or missing: {listed(found)}."
    return Checked("statistics", State.WARNING, sentence, "rollbook db optimize")

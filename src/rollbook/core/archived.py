"""What the database says of a month that takes no rows, since it lies in the archive, in words for people."""

import re
from typing import Any, Final

from rollbook.core.errors import Conflict, RollbookError

_REFUSED: Final = "55000"
_REFUSAL: Final = re.compile(r"(\w+) of (\d{4}-\d{2}) is archived")
_NO_MONTH: Final = "23514"
_NO_MONTH_SAID: Final = "no partition of relation"


class MonthArchived(Conflict):
    """{table} of {month} is in the archive: nothing of that month can be written. Nothing was changed.

    Bring it back first: `rollbook archive restore {table} {month} --yes`.
    """


class MonthAway(Conflict):
    """A month of {table} is in the archive, or on its way there, and takes no rows. Nothing was changed.

    `rollbook archive list` says which are there; bring it back first: `rollbook archive restore {table} MONTH
    --yes`. `rollbook archive run --yes` finishes what was interrupted.
    """


def archived_month(error: BaseException) -> RollbookError | None:
    """Return what ``error``, SQLAlchemy's or the driver's, says of an archived month; none otherwise."""
    said: Any = getattr(error, "orig", None) or error
    state, diag = getattr(said, "sqlstate", None), getattr(said, "diag", None)
    primary = getattr(diag, "message_primary", None) or ""
    if state == _REFUSED and (found := _REFUSAL.fullmatch(primary)):
        return MonthArchived(table=found[1], month=found[2])
    if state == _NO_MONTH and primary.startswith(_NO_MONTH_SAID):
        return MonthAway(table=getattr(diag, "table_name", None) or "a table")
    return None

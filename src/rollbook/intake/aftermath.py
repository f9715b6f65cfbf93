"""What rooms do once an import is done, or taken back: sums that they keep, brought up to date.

Each does it in a transaction of its own: what was imported stands, whatever becomes of the sums.
"""

from collections.abc import Callable
from typing import Final

from sqlalchemy.orm import Session

from rollbook.core.progress import progress_bar
from rollbook.core.tenancy import Tenant
from rollbook.ops.work import work_in

Settle = Callable[[Session, Tenant], object]
_SETTLERS: Final[dict[str, Settle]] = {}


def settle_with(room: str, verb: Settle) -> None:
    """Let ``verb`` of a room, which stands above this floor, be called after imports."""
    _SETTLERS[room] = verb


def settle(slug: str) -> None:
    """Bring up to date what rooms keep of the tenant, which sees all of it."""
    with progress_bar() as report:
        report.step("Bringing sums up to date")
        for verb in _SETTLERS.values():
            with work_in(slug) as work:
                verb(work.db, work.tenant)

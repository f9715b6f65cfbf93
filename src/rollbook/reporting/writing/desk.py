"""What all daily work needs: the days' partitions made first, who writes, and a note of what was done."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import Depends, Request
from sqlalchemy.orm import Session

from rollbook.access.service import today_of
from rollbook.access.viewing import Viewer, Viewing
from rollbook.access.writing import Work, require
from rollbook.activity.logs import ensure_log_month, log_activity
from rollbook.attendance.recording import ensure_months
from rollbook.core import clock
from rollbook.core.errors import Invalid
from rollbook.core.sql import named_sql
from rollbook.ui.problems import PROBLEMS, refusal

_SQL: Final = named_sql("rollbook.reporting")
_OLDEST: Final = timedelta(days=3 * 366)
WRITE_PROBLEMS: Final[dict[int | str, dict[str, Any]]] = PROBLEMS | {
    403: refusal("Not yours to write"),
    409: refusal("Collides with what is there"),
}


class DayTooOld(Invalid):
    """{day} is too long ago to be marked here: such days come by import. Nothing was written."""


@dataclass(frozen=True, slots=True)
class Desk:
    """Someone at work: their transaction, and where a month's partition can be made beside it."""

    viewer: Viewer
    request: Request

    @property
    def db(self) -> Session:
        """The transaction."""
        return self.viewer.db

    @property
    def tenant_id(self) -> int:
        """Of whom."""
        return self.viewer.tenant.tenant_id

    @property
    def today(self) -> date:
        """The day that it is in the tenant."""
        return today_of(self.db, self.viewer.user)

    def require(self, work: Work) -> None:
        """Make sure that the user may do such work at all.

        Raises: ``WorkNotYours``.
        """
        require(self.viewer.user, work)

    def ensure_marks(self, day: date) -> None:
        """Make the partition for marks of a day that was.

        Raises: ``DayTooOld``.
        """
        if day < self.today - _OLDEST:
            raise DayTooOld(day=day)
        if day <= self.today and not self._has_month("attendance_records", day):
            with self._beside() as db:
                ensure_months(db, day, day)

    def note(
        self, action: str, *, student_id: UUID | None = None, details: Mapping[str, object] | None = None
    ) -> None:
        """Say in the activity log that something was done; ``details``: to which record, not what it says."""
        said = {name: str(value) for name, value in (details or {}).items()}
        user_id = self.viewer.user.user_id
        log_activity(
            self.db, self.viewer.tenant, action, user_id=user_id, student_id=student_id, details=said
        )

    def ensure_log(self) -> None:
        """Make the partition of the log for now."""
        day = clock.today_in("UTC")
        if not self._has_month("activity_logs", day):
            with self._beside() as db:
                ensure_log_month(db, day)

    def _has_month(self, table: str, day: date) -> bool:
        return bool(self.db.scalar(_SQL["has_month"], {"table_name": table, "day": day}))

    @contextmanager
    def _beside(self) -> Iterator[Session]:
        with Session(self.request.app.state.engine) as db, db.begin():
            yield db


def _desk(request: Request, viewer: Viewing) -> Desk:
    desk = Desk(viewer, request)
    desk.ensure_log()
    return desk


AtDesk = Annotated[Desk, Depends(_desk, scope="function")]

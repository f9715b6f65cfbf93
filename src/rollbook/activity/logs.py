"""Verbs of the activity log, which is only added to, and of what students do online by day."""

import json
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy.orm import Session

from rollbook.core.sql import named_sql
from rollbook.core.tenancy import Tenant, whole_tenant

_SQL: Final = named_sql("rollbook.activity", "logs.sql")


@dataclass(frozen=True, slots=True)
class LogEntry:
    """Something that happened."""

    logged_at: datetime
    action: str
    user_id: UUID | None
    student_id: UUID | None
    details: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class EventDay:
    """What was done online on a day, of one kind."""

    day: date
    event_type: str
    students: int
    events: int


def ensure_log_month(db: Session, day: date) -> None:
    """Make the log's partition of that month: in a short transaction before the one that logs."""
    db.execute(_SQL["ensure_log_month"], {"day": day})


def log_activity(  # noqa: PLR0913 -- who did what with whom
    db: Session,
    tenant: Tenant,
    action: str,
    *,
    user_id: UUID | None = None,
    student_id: UUID | None = None,
    details: Mapping[str, Any] | None = None,
) -> None:
    """Add an entry, now. It may be about a student in sight; about none, anybody may add one."""
    entry = {
        "tenant_id": tenant.tenant_id,
        "action": action,
        "user_id": user_id,
        "student_id": student_id,
        "details": json.dumps(details or {}),
    }
    with whole_tenant(db) if student_id is None else nullcontext():
        db.execute(_SQL["write_log"], entry)


def read_log(  # noqa: PLR0913 -- when, of what, of whom, how many
    db: Session,
    tenant: Tenant,
    since: datetime,
    until: datetime,
    *,
    action: str | None = None,
    student_id: UUID | None = None,
    limit: int = 200,
) -> list[LogEntry]:
    """Return the newest entries in [since, until) that are in sight.

    Those about no student are in sight of whoever sees the whole tenant.
    """
    key = {"tenant_id": tenant.tenant_id, "since": since, "until": until}
    asked = key | {"action": action, "student_id": student_id, "page_size": limit}
    return [LogEntry(*row) for row in db.execute(_SQL["read_log"], asked)]


def events_by_day(db: Session, tenant: Tenant, since: date, until: date) -> list[EventDay]:
    """Return what the students in sight did online in [since, until], both included."""
    key = {"tenant_id": tenant.tenant_id, "since": since, "until": until}
    return [EventDay(*row) for row in db.execute(_SQL["event_days"], key)]

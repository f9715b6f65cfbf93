"""What the factories share: the term, the days, and how a row gets its tenant."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final, TypeVar
from uuid import uuid4

from sqlalchemy import Table, text
from sqlalchemy.orm import Session

from rollbook.core.encryption import seal_version, sealed_columns
from rollbook.core.schema import TenantOwned

TERM_STARTS: Final = date(2025, 9, 1)
TERM_ENDS: Final = date(2025, 12, 19)
_JUNE: Final = 6
_TENANT: Final = text("SELECT current_setting('rollbook.tenant')::int")
_MONTHS: Final = text("SELECT rollbook_ensure_months(cast(:table AS regclass), :since, :until)")

Row = TypeVar("Row", bound=TenantOwned)


def add(db: Session, row: Row) -> Row:
    """Write ``row`` in the session's tenant."""
    return add_all(db, [row])[0]


def add_all(db: Session, rows: Sequence[Row]) -> list[Row]:
    """Write ``rows`` in the session's tenant; texts of encrypted columns are encrypted."""
    tenant_id = db.scalar(_TENANT)
    for row in rows:
        row.tenant_id = tenant_id
        _seal(row)
    db.add_all(rows)
    db.flush()
    return list(rows)


def _seal(row: TenantOwned) -> None:
    """Encrypt the texts of encrypted columns; a row whose id the database would make gets one first."""
    table = row.__table__
    assert isinstance(table, Table)
    texts = {name: getattr(row, name) for name in sealed_columns(table)}
    if not any(isinstance(value, str) for value in texts.values()):
        return
    (key,) = (c.name for c in table.primary_key if c.name != "tenant_id")
    setattr(row, key, getattr(row, key) or uuid4())
    values = {"tenant_id": row.tenant_id, key: getattr(row, key)}
    for name, value in seal_version(table, values, texts).items():
        setattr(row, name, value)


def correct(db: Session, row: Row, **changes: Any) -> Row:  # noqa: ANN401 - any column of the row
    """Write a later version of ``row``; give its ``known_at`` among ``changes``."""
    for column, value in changes.items():
        setattr(row, column, value)
    _seal(row)
    db.flush()
    return row


def ensure_months(db: Session, table: str, since: date, until: date) -> None:
    """Make the partitions of ``table`` for [since, until]."""
    db.execute(_MONTHS, {"table": table, "since": since, "until": until})


def known_on(day: date) -> datetime:
    """Return noon UTC of ``day``: it falls on that day in every zone west of UTC+12."""
    return datetime.combine(day, time(12), tzinfo=UTC)


def school_year(day: date) -> int:
    """Return the calendar year in which the school year of ``day`` ends."""
    return day.year + (day.month > _JUNE)


def school_days(first: date, count: int) -> list[date]:
    """Return the first ``count`` days from Monday to Friday, beginning on or after ``first``."""
    days = (first + timedelta(days=n) for n in range(count * 7 // 5 + 7))
    return [day for day in days if day.isoweekday() <= 5][:count]  # noqa: PLR2004 - Friday

"""Which day a page or an answer is about, and what was known of it."""

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Annotated, Final, Literal

from fastapi import Query
from sqlalchemy.orm import Session

from rollbook.core import clock
from rollbook.core.errors import Invalid
from rollbook.core.tenancy import Tenant
from rollbook.curriculum.present import present_of
from rollbook.ui.params import IsoDay

# Outside of these no school kept records, and arithmetic on dates may leave the calendar.
_FIRST: Final = date(1900, 1, 1)
_LAST: Final = date(2999, 12, 31)

# A form sends an empty field where no day was chosen. "As of" a day: with what was known when it closed;
# "on" a day: with what is known now.
AsOf = Annotated[IsoDay | Literal[""], Query()]
On = AsOf


class DayInvalid(Invalid):
    """The day is out of range: give one from 1900 to 2999."""


@dataclass(frozen=True, slots=True)
class Day:
    """A day, with what is known of it now (``known_until`` none) or was known when it closed."""

    on_day: date
    known_until: datetime | None = None
    is_asked_for: bool = False

    def within(self, first: date, last: date) -> "Day":
        """Return the day of [first, last] that is nearest to this one, unless the reader named this one."""
        return self if self.is_asked_for else Day(max(min(self.on_day, last), first))


def day_of(db: Session, tenant: Tenant, as_of: date | Literal[""] = "") -> Day:
    """Return the day asked for, as known when it closed; without one the present, as known now.

    Raises: ``DayInvalid``.
    """
    day = day_on(db, tenant, as_of)
    return replace(day, known_until=known_by(tenant, as_of))


def day_on(db: Session, tenant: Tenant, on: date | Literal[""] = "") -> Day:
    """Return the day asked for, or the present, as known now.

    Raises: ``DayInvalid``.
    """
    if not on:
        return Day(present_of(db, tenant))
    if not _FIRST <= on <= _LAST:
        raise DayInvalid
    return Day(on, is_asked_for=True)


def known_by(tenant: Tenant, as_of: date | Literal[""]) -> datetime | None:
    """Return the instant before which a thing was known as of a day; none where all that is known counts."""
    return clock.close_of_day(as_of, tenant.time_zone) if as_of and as_of <= _LAST else None

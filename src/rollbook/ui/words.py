"""Numbers and dates as a school writes them."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from markupsafe import Markup

from rollbook.core import clock
from rollbook.core.words import many

_HELD: Final = "\N{NO-BREAK SPACE}"
_NONE: Final = "\N{EN DASH}"
_CAPITAL: Final = re.compile(r"([A-Z])")


def day(value: date | None) -> Markup:
    """Return "Tue 4 Nov", with the year unless it is this one; the machine's form goes with it."""
    if value is None:
        return Markup("&ndash;")
    return Markup('<time datetime="{0}" title="{0}">{1}</time>').format(value.isoformat(), _short_day(value))


def instant(value: datetime, time_zone: str) -> Markup:
    """Return "Tue 4 Nov, 14:05 CST", by the district's clock; the second in UTC goes with it."""
    local, exact = value.astimezone(ZoneInfo(time_zone)), value.astimezone(UTC)
    text = f"{_short_day(local.date())}, {local:%H:%M}{_HELD}{local:%Z}"
    told = Markup('<time datetime="{0}" title="{1}">{2}</time>')
    return told.format(exact.isoformat(), f"{exact:%Y-%m-%d %H:%M:%S} UTC", text)


def _short_day(value: date) -> str:
    text = plain_day(value)
    return text.rpartition(_HELD)[0] if value.year == clock.now().year else text


def plain_day(value: date) -> str:
    """Return "Tue 4 Nov 2025", held together on one line."""
    return _HELD.join((f"{value:%a}", str(value.day), f"{value:%b}", str(value.year)))


def count(value: int) -> str:
    """Return "3,714"."""
    return f"{value:,}"


def percent(value: float | None) -> str:
    """Return a fraction 0..1 as "46%"; never 0% or 100% for what only comes near."""
    if value is None:
        return _NONE
    rounded = round(value * 100)
    if rounded == 0 and value > 0:
        return "under 1%"
    if rounded == 100 and value < 1:  # noqa: PLR2004 -- percent
        return "over 99%"
    return f"{rounded}%"


def number(value: float | None) -> str:
    """Return a number with at most one decimal."""
    return _NONE if value is None else f"{float(value):,.1f}".removesuffix(".0")


def spoken(value: str) -> str:
    """Return a code such as ``tutor_marked`` as words: "Tutor marked"."""
    text = value.replace("_", " ").strip()
    return text[:1].upper() + text[1:]


def words(value: str) -> str:
    """Return a code such as ``siteAdministrator`` as words: "Site administrator"."""
    return spoken(_CAPITAL.sub(r" \1", value).lower())


FILTERS: Final[dict[str, Callable[..., Any]]] = {
    "day": day,
    "instant": instant,
    "plain_day": plain_day,
    "count": count,
    "percent": percent,
    "number": number,
    "many": many,
    "spoken": spoken,
    "words": words,
}

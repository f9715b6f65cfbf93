"""Time. One place that knows what "now" is and what "as of a date" means."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo


def now() -> datetime:
    """Return the instant, with its zone."""
    return datetime.now(UTC)


def today_in(time_zone: str) -> date:
    """Return the day that it is in ``time_zone``."""
    return now().astimezone(ZoneInfo(time_zone)).date()


def start_of_day(day: date, time_zone: str) -> datetime:
    """Return the instant that begins ``day`` in ``time_zone``."""
    if day == date.min:
        return datetime.min.replace(tzinfo=UTC)
    return datetime.combine(day, time.min, tzinfo=ZoneInfo(time_zone))


def close_of_day(day: date, time_zone: str) -> datetime:
    """Return the instant that ends ``day`` in ``time_zone``, exclusive.

    "As of" a date means: with all that was known before the close of that day.
    """
    if day == date.max:
        return datetime.max.replace(tzinfo=UTC)
    return datetime.combine(day + timedelta(days=1), time.min, tzinfo=ZoneInfo(time_zone))

"""When a schedule is due: cron's five fields, in a time zone."""

from datetime import UTC, datetime
from functools import cache
from typing import Final
from zoneinfo import ZoneInfo

from croniter import CroniterError, croniter

from rollbook.ops.jobs.errors import CronInvalid, ZoneUnknown

_FIELDS: Final = 5
_HOUR: Final = 1
_A_DAY: Final = datetime(2026, 1, 1, tzinfo=UTC)


def check(cron: str) -> str:
    """Return ``cron`` with one space between its fields.

    Raises: ``CronInvalid``.
    """
    fields = cron.split()
    try:
        if len(fields) == _FIELDS and croniter(" ".join(fields), _A_DAY).get_next():
            return " ".join(fields)
    except (CroniterError, ValueError) as error:  # no such field, or a day that never comes
        raise CronInvalid(cron=cron) from error
    raise CronInvalid(cron=cron)


@cache
def zone_of(name: str) -> ZoneInfo:
    """Return the time zone that ``name`` names.

    Raises: ``ZoneUnknown``.
    """
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise ZoneUnknown(zone=name) from error


def latest_slot(cron: str, zone: ZoneInfo, now: datetime) -> datetime:
    """Return the last moment, up to ``now`` itself, at which ``cron`` is due; in UTC."""
    if _is_of_every_hour(cron):
        slot: datetime = croniter(cron, now).get_next(datetime)
        while slot > now:
            slot = croniter(cron, slot).get_prev(datetime)
        return slot.astimezone(UTC)
    wall = now.astimezone(zone).replace(tzinfo=None)
    slot = croniter(cron, wall).get_next(datetime)
    while _instant(slot, zone) > now:
        slot = croniter(cron, slot).get_prev(datetime)
    return _instant(slot, zone)


def next_slot(cron: str, zone: ZoneInfo, now: datetime) -> datetime:
    """Return the first moment after ``now`` at which ``cron`` is due; in UTC."""
    if _is_of_every_hour(cron):
        every: datetime = croniter(cron, now).get_next(datetime)
        return every.astimezone(UTC)
    slot: datetime = croniter(cron, now.astimezone(zone).replace(tzinfo=None)).get_next(datetime)
    while _instant(slot, zone) <= now:
        slot = croniter(cron, slot).get_next(datetime)
    return _instant(slot, zone)


def _is_of_every_hour(cron: str) -> bool:
    """Say whether ``cron`` runs in every hour: then its hours need no zone, and no hour is twice."""
    return cron.split()[_HOUR] == "*"


def _instant(wall: datetime, zone: ZoneInfo) -> datetime:
    """Return the instant of a clock's time; where the clock shows it twice, the first."""
    return wall.replace(tzinfo=zone, fold=0).astimezone(UTC)

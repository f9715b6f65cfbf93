"""Schedules: what each does as released, what was chosen of it, and which slots are due."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from rollbook.core.acting import account
from rollbook.core.settings import settings
from rollbook.core.sql import named_sql
from rollbook.ops.jobs.errors import ScheduleFixed, SchedulesUnreadable, ScheduleUnknown
from rollbook.ops.jobs.timing import check, latest_slot, next_slot, zone_of
from rollbook.ops.runs import Run, last_of_each

SQL: Final = named_sql("rollbook.ops.jobs")
_OFF: Final = "off"


@dataclass(frozen=True, slots=True)
class Schedule:
    """What is done when, as released. ``runs`` is "module:function", loaded when it runs.

    The function takes a ``Noted``, writes what it did into its facts, and may be run twice for once.
    """

    name: str
    cron: str
    sentence: str
    runs: str
    is_off: bool = False


@dataclass(frozen=True, slots=True)
class Chosen:
    """A schedule as it holds here. ``is_fixed``: by the setting, so no command changes it."""

    schedule: Schedule
    cron: str
    is_off: bool
    since: datetime
    is_fixed: bool = False

    @property
    def name(self) -> str:
        """The schedule's name."""
        return self.schedule.name

    def next_at(self, now: datetime) -> datetime | None:
        """When it is due next; None while it is off."""
        return None if self.is_off else next_slot(self.cron, zone_of(settings().schedule_zone), now)


@dataclass(frozen=True, slots=True)
class Due:
    """A schedule's slot that no worker was handed yet."""

    name: str
    slot: datetime


def chosen(db: Session, schedules: Mapping[str, Schedule]) -> list[Chosen]:
    """Return how each of ``schedules`` holds here; one that was never seen is kept from now on.

    Raises: ``SchedulesUnreadable``; ``ScheduleUnknown``; ``CronInvalid``; ``ZoneUnknown``.
    """
    db.execute(SQL["keep_schedules"], {"names": list(schedules)})
    kept = {row["name"]: dict(row) for row in db.execute(SQL["schedules"]).mappings()}
    fixed = from_setting(settings().schedules, schedules)
    return [_chosen(one, kept[one.name], fixed.get(one.name)) for one in schedules.values()]


def _chosen(schedule: Schedule, kept: Mapping[str, Any], fixed: str | None) -> Chosen:
    if fixed is not None:
        cron = schedule.cron if fixed == _OFF else fixed
        return Chosen(schedule, cron, fixed == _OFF, kept["since"], is_fixed=True)
    is_off = schedule.is_off if kept["is_off"] is None else kept["is_off"]
    return Chosen(schedule, kept["cron"] or schedule.cron, is_off, kept["since"])


def from_setting(setting: str, names: Iterable[str]) -> dict[str, str]:
    """Return what ROLLBOOK_SCHEDULES says: of each name its cron, or "off".

    Raises: ``SchedulesUnreadable``; ``ScheduleUnknown``; ``CronInvalid``.
    """
    known, found = set(names), dict[str, str]()
    for part in filter(None, map(str.strip, setting.split(";"))):
        name, equals, cron = (word.strip() for word in part.partition("="))
        if not equals or not cron:
            raise SchedulesUnreadable(part=part)
        if name not in known:
            raise ScheduleUnknown(name=name)
        found[name] = _OFF if cron.lower() == _OFF else check(cron)
    return found


def change(
    db: Session, schedules: Mapping[str, Schedule], name: str, *, cron: str | None, is_off: bool | None
) -> None:
    """Choose when ``name`` runs and whether; None is as released. What was due before is not made up for.

    Raises: ``ScheduleUnknown``; ``ScheduleFixed``; ``CronInvalid``.
    """
    if name not in schedules:
        raise ScheduleUnknown(name=name)
    if name in from_setting(settings().schedules, schedules):
        raise ScheduleFixed(name=name)
    facts = {"cron": cron and check(cron), "is_off": is_off, "changed_by": account()}
    db.execute(SQL["change_schedule"], {"name": name} | facts)


@dataclass(frozen=True, slots=True)
class Described:
    """A schedule with its latest run, and when it is due next (none while it is off)."""

    chosen: Chosen
    last: Run | None
    next_at: datetime | None


def describe(db: Session, schedules: Mapping[str, Schedule]) -> list[Described]:
    """Return of each schedule how it holds here and how it last ended.

    Raises: as ``chosen``.
    """
    now = db.execute(SQL["now"]).scalar_one()
    last = {run.verb: run for run in last_of_each(db, "worker.")}
    return [Described(one, last.get(f"worker.{one.name}"), one.next_at(now)) for one in chosen(db, schedules)]


def due(engine: Engine, schedules: Mapping[str, Schedule]) -> list[Due]:
    """Return of each schedule the latest slot, if no worker was handed it and none is at work on it.

    What was missed while no worker ran is so made up for once, not once for each time.
    """
    with Session(engine) as db, db.begin():
        all_chosen = chosen(db, schedules)
        now = db.execute(SQL["now"]).scalar_one()
        busy = set(db.scalars(SQL["busy"]))
        handed = {row.name: row.slot for row in db.execute(SQL["deferred"])}
    return [
        Due(one.name, slot)
        for one in all_chosen
        if not one.is_off and one.name not in busy
        if (slot := _latest(one, now)) > one.since and slot.timestamp() > handed.get(one.name, 0)
    ]


def _latest(one: Chosen, now: datetime) -> datetime:
    return latest_slot(one.cron, zone_of(settings().schedule_zone), now)

"""What can be wrong with schedules and jobs."""

from rollbook.core.errors import Conflict, Invalid, NotFound, Unavailable


class CronInvalid(Invalid):
    """'{cron}' is no time of a schedule: five fields as cron has them, such as '30 1 * * *' (01:30 daily)."""


class ZoneUnknown(Invalid):
    """ROLLBOOK_SCHEDULE_ZONE: '{zone}' is no time zone: name one as IANA does, such as 'America/Chicago'."""


class SchedulesUnreadable(Invalid):
    """ROLLBOOK_SCHEDULES: '{part}' is no schedule: write NAME=CRON or NAME=off, and ; between them."""


class ScheduleUnknown(NotFound):
    """There is no schedule '{name}'. `rollbook worker schedules` lists them."""


class ScheduleFixed(Conflict):
    """ROLLBOOK_SCHEDULES says when '{name}' runs, and wins: change it there, or take '{name}' out of it."""


class JobUnknown(NotFound):
    """There is no job {job_id} that failed. `rollbook worker jobs` lists them."""


class JobBusy(Unavailable):
    """'{name}' is still at work elsewhere. Nothing was begun: try again later."""

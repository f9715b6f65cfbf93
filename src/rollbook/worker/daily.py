"""Jobs of the installation as a whole."""

from typing import Final

from sqlalchemy.orm import Session

from rollbook.core import clock
from rollbook.core.checks import State
from rollbook.core.database import engine_for
from rollbook.core.progress import Silent
from rollbook.ops.jobs.schedules import SQL
from rollbook.ops.runs import Noted
from rollbook.ops.work import running_server

_MONTHS_AHEAD: Final = 3
_JOB_DAYS: Final = 31
_RUN_DAYS: Final = 400


def look_over(run: Noted) -> None:
    """Look the installation over, as `rollbook doctor` does."""
    from rollbook.reporting.doctor import look_over as doctor  # noqa: PLC0415 -- each job loads its own

    found = [one for one in doctor(running_server(), Silent()) if one.state is not State.FINE]
    run.facts["found"] = {one.name: one.sentence for one in found}
    run.has_findings = bool(found)


def check_up(run: Noted) -> None:
    """Look over the server and its operations for the admin page, and sample how its disk fills."""
    from rollbook.reporting.health import check_up as look  # noqa: PLC0415 -- as above

    found = [one for one in look(running_server(), Silent()) if one.checked.state is not State.FINE]
    run.facts["found"] = [f"{one.section}: {one.checked.name}" for one in found]
    run.has_findings = bool(found)


def make_months(run: Noted) -> None:
    """Make the partitions of this month and the next."""
    from rollbook.ops.archive.partitions import make_ahead  # noqa: PLC0415 -- as above

    made = make_ahead(running_server().owner_url, _MONTHS_AHEAD)
    run.facts |= {"tables": list(made), "made": sum(made.values())}


def forget_changes(run: Noted) -> None:
    """Put one mark in the place of the last hours' marks of changes."""
    from rollbook.core.cache import forget_changes as forget  # noqa: PLC0415 -- as above

    with Session(engine_for(running_server().owner_url)) as db, db.begin():
        run.facts["topics"] = forget(db, clock.now())


def forget_jobs(run: Noted) -> None:
    """Forget jobs that ended well long ago, later also their notes; what failed stays for somebody to see."""
    with Session(engine_for(running_server().owner_url)) as db, db.begin():
        db.execute(SQL["forget_jobs"], {"days": _JOB_DAYS})
        db.execute(SQL["forget_runs"], {"days": _RUN_DAYS})
    run.facts |= {"days": _JOB_DAYS, "notes_days": _RUN_DAYS}

"""The commands `rollbook student ...`: what a script or a help desk does with one student at a time."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from typing import Annotated, Final
from uuid import UUID

import typer
from sqlalchemy.orm import Session

from rollbook.access.service import find_student_id
from rollbook.activity.logs import ensure_log_month, log_activity
from rollbook.attendance.classes import DayAhead
from rollbook.attendance.models import AttendanceStatus
from rollbook.attendance.recording import NewMark, ensure_months
from rollbook.attendance.recording import mark as write_mark
from rollbook.attendance.service import school_of
from rollbook.core import clock, output
from rollbook.core.database import engine_for
from rollbook.core.errors import Invalid
from rollbook.curriculum.leaving import transfer_student, withdraw_student
from rollbook.ops.work import Work, running_server, work_in
from rollbook.roster.enrolling import Placement, enroll_student, open_primary
from rollbook.roster.models import StudentSchoolEnrollment

app = typer.Typer(
    help="Enroll, withdraw, transfer or mark one student; many come by `rollbook import csv`.",
    no_args_is_help=True,
)
_OLDEST: Final = timedelta(days=3 * 366)

Number = Annotated[str, typer.Argument(help="The district's student number.")]
School = Annotated[str, typer.Argument(help="The school's code.")]
Day = Annotated[datetime, typer.Option("--on", formats=["%Y-%m-%d"], help="The day.")]
EntryCode = Annotated[str | None, typer.Option(help="Your code for how they came.")]
ExitCode = Annotated[str | None, typer.Option(help="Your code for how they left.")]
Grade = Annotated[int | None, typer.Option(help="0 (kindergarten) to 12; as the student's, if not said.")]
TenantOption = Annotated[
    str | None, typer.Option("--tenant", help="The tenant; not needed where there is one.")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON on stdout.")]


class DayTooOld(Invalid):
    """{day} is too long ago to be marked by hand: `rollbook import csv attendance` takes such days."""


@app.command()
def enroll(  # noqa: PLR0913 -- an option each
    number: Number,
    school: School,
    *,
    on: Day,
    entry_code: EntryCode = None,
    grade: Grade = None,
    tenant: TenantOption = None,
    json: Json = False,
) -> None:
    """Enroll a student at a school from a day on."""
    with _at_work(tenant) as work:
        student_id = find_student_id(work.db, work.tenant.tenant_id, number)
        placement = Placement(school_of(work.db, school), on.date(), entry_code, grade)
        made = enroll_student(work.db, work.tenant.tenant_id, student_id, placement)
        said = _entered(work, "student_enrolled", student_id, made)
    _say(said, json=json)


@app.command()
def withdraw(
    number: Number,
    *,
    on: Day,
    exit_code: ExitCode = None,
    tenant: TenantOption = None,
    json: Json = False,
) -> None:
    """End a student's time at their primary school and in its sections; the day is the first without."""
    with _at_work(tenant) as work:
        tenant_id = work.tenant.tenant_id
        student_id = find_student_id(work.db, tenant_id, number)
        left = open_primary(work.db, tenant_id, student_id).enrollment_id
        places = withdraw_student(work.db, tenant_id, left, exit_on=on.date(), exit_code=exit_code)
        _note(work, "student_withdrawn", student_id, {"enrollment_id": left, "sections_left": places})
    _say({"enrollment_id": str(left), "exit_on": on.date().isoformat(), "sections_left": places}, json=json)


@app.command()
def transfer(  # noqa: PLR0913 -- an option each
    number: Number,
    school: School,
    *,
    on: Day,
    entry_code: EntryCode = None,
    exit_code: ExitCode = None,
    grade: Grade = None,
    tenant: TenantOption = None,
    json: Json = False,
) -> None:
    """Let a student leave their primary school, with its sections, and enter another on the same day."""
    with _at_work(tenant) as work:
        student_id = find_student_id(work.db, work.tenant.tenant_id, number)
        placement = Placement(school_of(work.db, school), on.date(), entry_code, grade)
        made = transfer_student(work.db, work.tenant.tenant_id, student_id, placement, exit_code=exit_code)
        said = _entered(work, "student_transferred", student_id, made)
    _say(said, json=json)


@app.command()
def mark(  # noqa: PLR0913 -- an option each
    number: Number,
    status: Annotated[AttendanceStatus, typer.Argument(help="What they were.")],
    *,
    on: Day,
    period: Annotated[int, typer.Option(help="0 = the whole day.")] = 0,
    minutes_late: Annotated[int, typer.Option(help="Of a tardy one.")] = 0,
    reason: Annotated[str | None, typer.Option(help="Why.")] = None,
    tenant: TenantOption = None,
    json: Json = False,
) -> None:
    """Write a student's attendance mark, or correct it: what it said before is kept."""
    day = on.date()
    with _at_work(tenant, day) as work:
        student_id = find_student_id(work.db, work.tenant.tenant_id, number)
        new = NewMark(student_id, status, period, minutes_late, reason)
        written = write_mark(work.db, work.tenant.tenant_id, day, new)
        _note(work, "attendance_marked", student_id, {"date": day, "period": period})
    _say({"date": day.isoformat(), "period": period, "written": int(written)}, json=json)


@contextmanager
def _at_work(slug: str | None, marked: date | None = None) -> Iterator[Work]:
    """Work in the tenant; the months that are needed are made before, in a short transaction.

    Raises: ``DayAhead``; ``DayTooOld``; what ``work_in`` raises.
    """
    with work_in(slug) as work:
        today = clock.today_in(work.tenant.time_zone)
    if marked and marked > today:
        raise DayAhead(day=marked)
    if marked and marked < today - _OLDEST:
        raise DayTooOld(day=marked)
    with Session(engine_for(running_server().url)) as db, db.begin():
        ensure_log_month(db, clock.today_in("UTC"))
        if marked:
            ensure_months(db, marked, marked)
    with work_in(slug) as work:
        yield work


def _entered(work: Work, action: str, student_id: UUID, made: StudentSchoolEnrollment) -> dict[str, str]:
    """Note who came to a school, and how; return what is told of it."""
    work.db.flush()
    _note(work, action, student_id, {"enrollment_id": made.enrollment_id})
    return {"enrollment_id": str(made.enrollment_id), "entry_on": made.entry_on.isoformat()}


def _note(work: Work, action: str, student_id: UUID, details: Mapping[str, object]) -> None:
    """Say in the activity log that it was done, as the pages do: to which record, not what it says."""
    told = {name: str(value) for name, value in details.items()}
    log_activity(work.db, work.tenant, action, student_id=student_id, details=told)


def _say(said: Mapping[str, object], *, json: bool) -> None:
    (output.print_json if json else output.print_fields)(said)

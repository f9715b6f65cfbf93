"""Commands of attendance: who misses much school, when that is chronic, what schools send."""

from dataclasses import astuple, fields
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Annotated

import typer

from rollbook.attendance import chronic as absences
from rollbook.attendance import recording, rules, service
from rollbook.attendance.refreshing import refresh_weeks
from rollbook.audit.reading import by_command, disclosing
from rollbook.core import output
from rollbook.curriculum.present import present_of
from rollbook.ops.work import work_in

app = typer.Typer(help="List who misses much school, and say when it is chronic.", no_args_is_help=True)

Json = Annotated[bool, typer.Option("--json", help="Print JSON on stdout.")]
Csv = Annotated[bool, typer.Option("--csv", help="Print the students as CSV on stdout.")]
TenantOption = Annotated[
    str | None, typer.Option("--tenant", help="The tenant; not needed where there is one.")
]
Day = Annotated[datetime | None, typer.Option("--as-of", formats=["%Y-%m-%d"], help="As of this day.")]
_STUDENT = tuple(field.name for field in fields(absences.ChronicStudent))


@app.command()
def chronic(
    *,
    as_of: Day = None,
    school: Annotated[str | None, typer.Option(help="Only students of this school, by its code.")] = None,
    tenant: TenantOption = None,
    json: Json = False,
    csv: Csv = False,
) -> None:
    """List the chronically absent, by school and grade, from the school year's start to a day.

    Without --as-of it is today, or the last day of records of a time gone by.
    """
    with work_in(tenant) as work:
        day = as_of.date() if as_of else present_of(work.db, work.tenant)
        refresh_weeks(work.db, work.tenant)
        with disclosing(work.db, by_command()):
            found = absences.chronic_absence(work.db, work.tenant, day, school=school)
    if json:
        output.print_json(found.document())
    elif csv:
        output.print_csv(_STUDENT, map(astuple, found.students))
    else:
        _show(found)


@app.command()
def refresh(*, tenant: TenantOption = None, json: Json = False) -> None:
    """Count the weeks that changed anew: lists over a large district are quick then, and right without it."""
    with work_in(tenant) as work:
        said = {"weeks": refresh_weeks(work.db, work.tenant)}
    (output.print_json if json else output.print_fields)(said)


@app.command()
def rule(
    *,
    chronic_rate: Annotated[
        str | None, typer.Option(help="Share of the days, such as 0.1, from which on absence is chronic.")
    ] = None,
    minimum_days: Annotated[
        int | None, typer.Option(help="Of fewer days that count, nobody is called chronically absent.")
    ] = None,
    tenant: TenantOption = None,
    json: Json = False,
) -> None:
    """Print when the tenant calls absence chronic, or say it."""
    with work_in(tenant) as work:
        if chronic_rate is None and minimum_days is None:
            found = rules.rule_of(work.db, work.tenant.tenant_id)
        else:
            rate = None if chronic_rate is None else _decimal(chronic_rate)
            found = rules.set_rule(
                work.db, work.tenant.tenant_id, chronic_rate=rate, minimum_days=minimum_days
            )
    said = {"chronic_rate": float(found.chronic_rate), "minimum_days": found.minimum_days}
    (output.print_json if json else output.print_fields)(said)


@app.command()
def submission(
    school: Annotated[str, typer.Argument(help="The school's code.")],
    *,
    by_exception: Annotated[
        bool, typer.Option("--by-exception/--every-mark", help="Whether only marks but present are sent.")
    ],
    through: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The last day that is complete.")
    ] = None,
    tenant: TenantOption = None,
    json: Json = False,
) -> None:
    """Say in what form a school sends attendance, and through which day it is complete."""
    day = through.date() if through else None
    with work_in(tenant) as work:
        school_id = service.school_of(work.db, school)
        recording.submit_through(
            work.db, work.tenant.tenant_id, school_id, is_by_exception=by_exception, through=day
        )
    said = {"school": school, "is_by_exception": by_exception, "submitted_through": _iso(day)}
    (output.print_json if json else output.print_fields)(said)


def _show(found: absences.ChronicAbsence) -> None:
    columns = ("school", "grade", "students", "chronically absent", "days missed")
    output.print_table(
        columns,
        [(g.school, g.grade_level, g.students, g.chronic, f"{g.rate:.1%}") for g in found.groups],
    )
    typer.echo()
    rows = [
        (s.student_number, s.name, s.school, s.grade_level, s.days, f"{s.missed:g}", f"{s.rate:.1%}")
        for s in found.students
    ]
    who = ("number", "name", "school", "grade", "days", "missed", "rate")
    output.print_table(who, rows, empty="Nobody is chronically absent.")
    output.say(
        f"{found.chronic:,} of {found.enrolled:,} students are chronically absent from {found.since}"
        f" to {found.as_of}: {found.rule.chronic_rate * 100:g}% of at least {found.rule.minimum_days} days."
    )


def _decimal(value: str) -> Decimal:
    try:
        return Decimal(value)
    except InvalidOperation as error:
        raise rules.RuleInvalid from error


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None

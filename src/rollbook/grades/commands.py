"""Commands of grades: `rollbook grades gpa`, `rule`, `scale ...`, `progress ...`."""

from dataclasses import asdict, fields
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any, Final

import typer

from rollbook.audit.reading import by_command, disclosing
from rollbook.core import output
from rollbook.core.errors import Invalid
from rollbook.curriculum.present import present_of
from rollbook.grades import gpa as points
from rollbook.grades import progress as measures
from rollbook.grades import scales
from rollbook.grades.models import RepeatPolicy
from rollbook.grades.repeats import repeat_policy_of, set_repeat_policy
from rollbook.ops.work import Work, work_in

app = typer.Typer(help="Grade scales, GPA and progress.", no_args_is_help=True)
scale_app = typer.Typer(help="How letters become points.", no_args_is_help=True)
progress_app = typer.Typer(help="How far students have come in their courses.", no_args_is_help=True)
app.add_typer(scale_app, name="scale")
app.add_typer(progress_app, name="progress")

Json = Annotated[bool, typer.Option("--json", help="Print JSON on stdout.")]
Csv = Annotated[bool, typer.Option("--csv", help="Print CSV on stdout.")]
TenantOption = Annotated[
    str | None, typer.Option("--tenant", help="The tenant; not needed where there is one.")
]
AsOf = Annotated[
    datetime | None,
    typer.Option(
        "--as-of", formats=["%Y-%m-%d"], help="With what was known by the close of this day; today."
    ),
]
_GPA: Final = tuple(field.name for field in fields(points.Gpa))
_WHO: Final = ("student_number", "name", "grade_level")
_MEASURE: Final = ("measured_on", "assignments_set", "assignments_done", "mean_percent", "credits_earned")
_MOST_NUMBERS: Final = 2  # of a step: percent and points


class StepUnreadable(Invalid):
    """The step '{step}' cannot be read. Write a letter, where it begins and its points, such as A-:90:3.7."""


@app.command()
def gpa(  # noqa: PLR0913 -- an option each
    *,
    as_of: AsOf = None,
    school: Annotated[str | None, typer.Option(help="Only students of this school, by its code.")] = None,
    grade_level: Annotated[int | None, typer.Option(help="Only this grade level; kindergarten is 0.")] = None,
    tenant: TenantOption = None,
    json: Json = False,
    csv: Csv = False,
) -> None:
    """List grade point averages and credits from the final course grades known by a day."""
    with work_in(tenant) as work:
        wanted = points.GpaFilter(school, grade_level)
        with disclosing(work.db, by_command()):
            rows = points.list_gpa(work.db, work.tenant, _day(work, as_of), wanted).rows
    flat = [{name: getattr(row, name) for name in _WHO} | asdict(row.totals) for row in rows]
    _show(flat, (*_WHO, *_GPA), json=json, csv=csv)


@app.command()
def rule(
    *,
    repeats: Annotated[
        RepeatPolicy | None,
        typer.Option(help="Which tries at a repeated course count in GPA and credits; best at first."),
    ] = None,
    tenant: TenantOption = None,
    json: Json = False,
) -> None:
    """Print what of a repeated course counts, or say it."""
    with work_in(tenant) as work:
        if repeats is not None:
            set_repeat_policy(work.db, work.tenant.tenant_id, repeats)
        said = {"repeats": repeat_policy_of(work.db, work.tenant.tenant_id).value}
    (output.print_json if json else output.print_fields)(said)


@scale_app.command(name="list")
def list_scales(*, tenant: TenantOption = None, json: Json = False, csv: Csv = False) -> None:
    """List the grade scales with their letters."""
    with work_in(tenant) as work:
        found = scales.list_scales(work.db, work.tenant.tenant_id)
    if json:
        output.print_json(found)
        return
    flat = [
        {"scale": scale.scale_code, "default": "yes" if scale.is_default else "", **asdict(step)}
        for scale in found
        for step in scale.steps
    ]
    _show(flat, ("scale", "default", "grade_letter", "min_percent", "grade_points"), json=False, csv=csv)


@scale_app.command()
def standard(*, tenant: TenantOption = None, json: Json = False) -> None:
    """Add the usual 4.0 scale: A from 93 percent, F below 60; the default where there is none yet."""
    with work_in(tenant) as work:
        _show_scale(scales.add_standard_scale(work.db, work.tenant.tenant_id), json=json)


@scale_app.command()
def define(  # noqa: PLR0913 -- an option each
    code: Annotated[str, typer.Argument(help="What the scale is called, such as 5.0.")],
    *,
    step: Annotated[
        list[str],
        typer.Option(help="A letter, the percent it begins at and its points: A-:90:3.7. No points: P:60."),
    ],
    title: Annotated[str | None, typer.Option(help="Its name for people; else its code.")] = None,
    default: Annotated[bool, typer.Option("--default", help="Reckon GPAs by it from now on.")] = False,
    honors: Annotated[
        str, typer.Option(help="Added to the points of an honors course that was passed.")
    ] = "0.5",
    ap: Annotated[str, typer.Option(help="The same for advanced placement.")] = "1",
    dual: Annotated[str, typer.Option(help="The same for dual credit.")] = "1",
    tenant: TenantOption = None,
    json: Json = False,
) -> None:
    """Define a grade scale, or an existing one anew. The bonuses are for the weighted GPA."""
    bonuses = scales.Bonuses(_number(honors), _number(ap), _number(dual))
    scale = scales.Scale(code, title or code, default, bonuses, tuple(_read_step(text) for text in step))
    with work_in(tenant) as work:
        scales.define_scale(work.db, work.tenant.tenant_id, scale)
        _show_scale(scales.find_scale(work.db, work.tenant.tenant_id, code), json=json)


@progress_app.command()
def record(*, as_of: AsOf = None, tenant: TenantOption = None, json: Json = False) -> None:
    """Measure every student in every course that runs on a day. The same day again changes nothing."""
    with work_in(tenant) as work:
        day = _day(work, as_of)
        written = measures.record_progress(work.db, work.tenant, day)
    (output.print_json if json else output.print_fields)({"as_of": day, "rows_written": written})


@progress_app.command(name="list")
def list_progress(
    course: Annotated[str, typer.Argument(help="The course's code.")],
    *,
    as_of: AsOf = None,
    tenant: TenantOption = None,
    json: Json = False,
    csv: Csv = False,
) -> None:
    """List each student's latest measure in a course."""
    with work_in(tenant) as work, disclosing(work.db, by_command()):
        found = measures.progress_in(work.db, work.tenant, course, _day(work, as_of))
    names = (*_WHO[:2], *_MEASURE)
    _show([{name: getattr(row, name) for name in names} for row in found], names, json=json, csv=csv)


def _day(work: Work, as_of: datetime | None) -> date:
    return as_of.date() if as_of else present_of(work.db, work.tenant)


def _show(rows: list[dict[str, Any]], names: tuple[str, ...], *, json: bool, csv: bool) -> None:
    if json:
        output.print_json(rows)
    elif csv:
        output.print_csv(names, ([row[name] for name in names] for row in rows))
    else:
        output.print_table(
            [name.replace("_", " ") for name in names], ([row[n] for n in names] for row in rows)
        )


def _show_scale(scale: scales.Scale, *, json: bool) -> None:
    if json:
        output.print_json(scale)
        return
    output.print_fields({"scale": scale.scale_code, "title": scale.title, "default": scale.is_default})
    _show(
        [asdict(step) for step in scale.steps],
        tuple(f.name for f in fields(scales.Step)),
        json=False,
        csv=False,
    )


def _read_step(text: str) -> scales.Step:
    letter, *numbers = text.split(":")
    if not letter or not 1 <= len(numbers) <= _MOST_NUMBERS:
        raise StepUnreadable(step=text)
    try:
        start, *rest = map(_number, numbers)
    except scales.ScaleInvalid:
        raise StepUnreadable(step=text) from None
    return scales.Step(letter, start, rest[0] if rest else None)


def _number(text: str) -> Decimal:
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise scales.ScaleInvalid(reason=f"'{text}' is no number") from None
    if not number.is_finite():
        raise scales.ScaleInvalid(reason=f"'{text}' is no number")
    return number

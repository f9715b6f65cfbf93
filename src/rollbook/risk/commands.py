"""Commands of risk: `rollbook risk build | train | score | evaluate`."""

from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated, Final

import typer

from rollbook.core import output
from rollbook.core.progress import progress_bar
from rollbook.curriculum.present import present_of
from rollbook.ops.work import Work, work_in
from rollbook.risk.errors import DaysInvalid

if TYPE_CHECKING:
    from rollbook.risk.evaluation import Evaluation
    from rollbook.risk.metrics import Figure

app = typer.Typer(no_args_is_help=True)

PROTOCOLS: Final = ("oulad",)
_FAR: Final = 2000  # days after a start, beyond any course

AsOf = Annotated[
    datetime | None,
    typer.Option(
        formats=["%Y-%m-%d"],
        help="With what was known by the close of this day; else today, or the last day of a time gone by.",
    ),
]
TenantName = Annotated[str | None, typer.Option(help="Which tenant; else ROLLBOOK_TENANT, or the only one.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON on stdout.")]


@app.callback()
def risk() -> None:
    """Find out who needs a look, and why."""


@app.command()
def build(*, as_of: AsOf = None, tenant: TenantName = None, json: Json = False) -> None:
    """Make the features of a day. The same day again changes nothing."""
    from rollbook.risk import service  # noqa: PLC0415 -- numpy

    with work_in(tenant) as work, progress_bar() as report:
        summary = service.build(work.db, work.tenant, _day(work, as_of), report)
    _name_empty(summary.empty_features)
    if json:
        output.print_json(summary)
        return
    known = {"as of": summary.as_of, "subjects": summary.subjects, "rows written": summary.written}
    output.print_fields(known | {"feature set": summary.feature_set_version})


@app.command()
def train(*, as_of: AsOf = None, tenant: TenantName = None, json: Json = False) -> None:
    """Train on the outcomes known by a day, and put the model to use."""
    from rollbook.risk import service  # noqa: PLC0415 -- numpy

    with work_in(tenant) as work, progress_bar() as report:
        summary = service.train(work.db, work.tenant, _day(work, as_of), report)
    _name_empty(summary.empty_features)
    if not summary.beats_logistic:
        output.say("Warning: the boosted trees rank no better than the logistic regression, held out.")
    if not summary.beats_rule:
        output.say("Warning: the model ranks no better than counting warning signs, held out.")
    if json:
        output.print_json(summary)
        return
    output.print_fields(
        {
            "model": summary.model_version,
            "trained as of": summary.trained_as_of,
            "rows": summary.rows,
            "students": summary.students,
            "at risk": summary.positives,
            "calibration": summary.calibration,
            **{f"AUC {name}": _shown(figures["auc"]) for name, figures in summary.metrics.items()},
        }
    )


@app.command()
def score(*, as_of: AsOf = None, tenant: TenantName = None, json: Json = False) -> None:
    """Score everyone enrolled and undecided on a day. The same day again changes nothing."""
    from rollbook.risk import service  # noqa: PLC0415 -- numpy

    with work_in(tenant) as work, progress_bar() as report:
        summary = service.score(work.db, work.tenant, _day(work, as_of), report)
    if json:
        output.print_json(summary)
        return
    output.print_fields(
        {
            "as of": summary.as_of,
            "model": summary.model_version,
            "subjects": summary.subjects,
            "rows written": summary.written,
            **summary.categories,
        }
    )


@app.command()
def evaluate(  # noqa: PLR0913 -- an option each
    *,
    protocol: Annotated[str, typer.Option(help="How to split: oulad.")] = PROTOCOLS[0],
    days: Annotated[str, typer.Option(help="Days after the start, such as 14,28.")] = "14,28,56,84,112",
    courses: Annotated[str, typer.Option(help="Test on these courses only, such as BBB,CCC.")] = "",
    train: Annotated[str | None, typer.Option(help="Fit on this presentation, such as 2013B.")] = None,
    test: Annotated[str | None, typer.Option(help="Test on this presentation, such as 2013J.")] = None,
    tenant: TenantName = None,
    json: Json = False,
) -> None:
    """Say how good the models are on students and presentations they did not see. Changes nothing."""
    from rollbook.risk import evaluation  # noqa: PLC0415 -- numpy

    if protocol not in PROTOCOLS:
        raise typer.BadParameter(
            f"'{protocol}' is not one of {', '.join(PROTOCOLS)}.", param_hint="--protocol"
        )
    chosen = tuple(course.strip() for course in courses.split(",") if course.strip())
    choice = evaluation.Choice(parsed_days(days), chosen, train, test)
    with work_in(tenant) as work, progress_bar() as report:
        found = evaluation.evaluate(work.db, work.tenant, choice, report)
    for note in found.notes:
        output.say(f"Note: {note}.")
    if json:
        output.print_json(found)
        return
    _print_scores(found)


def parsed_days(text: str) -> tuple[int, ...]:
    """Read days after the start.

    Raises: ``DaysInvalid``.
    """
    try:
        days = tuple(sorted({int(part) for part in text.split(",")}))
    except ValueError:
        raise DaysInvalid(days=text) from None
    if not all(0 <= day < _FAR for day in days):
        raise DaysInvalid(days=text)
    return days


def _print_scores(found: "Evaluation") -> None:
    names = list(found.scores[0].figures) if found.scores else []
    columns = ("split", "fitted on", "tested on", "clicks", "day", "model", "rows", "at risk", *names)
    rows = [
        (
            score.protocol,
            f"{' '.join(score.fitted_on)} ({score.fitted_courses})",
            " ".join(score.tested_on),
            "with" if score.with_clicks else "without",
            score.day,
            score.model,
            score.rows,
            score.positives,
            *(_shown(score.figures[name]) for name in names),
        )
        for score in found.scores
    ]
    output.print_table(columns, rows)


def _shown(figure: "Figure") -> str:
    if figure.value is None:
        return "-"
    return f"{figure.value:.3f} ({figure.low:.3f}-{figure.high:.3f})"


def _day(work: Work, as_of: datetime | None) -> date:
    return as_of.date() if as_of else present_of(work.db, work.tenant)


def _name_empty(names: tuple[str, ...]) -> None:
    if names:
        output.say(f"Note: not known of anybody, so left out: {', '.join(names)}.")

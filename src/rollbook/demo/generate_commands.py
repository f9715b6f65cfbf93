"""The command `rollbook generate district`."""

import os
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Final

import typer

from rollbook.core import output
from rollbook.core.progress import progress_bar
from rollbook.core.settings import settings
from rollbook.demo import environment, service
from rollbook.demo.phases import ALL, Phase, close, describe, read_phases
from rollbook.demo.plan import STUDENTS

app = typer.Typer(no_args_is_help=True)

SLUG: Final = "district"
HELP: Final = f"""Fill an empty tenant with a synthetic district; the same options give the same rows.

By default six schools, 3,714 students and one school year, all of it known. More students are more areas of
six schools. The phases are: {describe()}. What needs a phase that is left out is left out too.
"""


@app.callback()
def generate() -> None:
    """Make synthetic data."""


@dataclass(frozen=True, slots=True)
class Generated:
    """What the command prints."""

    tenant: str
    students: int
    seed: int
    years: int
    as_of: date
    phases: list[int]
    rows: dict[str, int]
    corrections: int


@app.command("district", help=HELP)
def district(  # noqa: PLR0913 - each option says one thing about the district
    *,
    tenant: Annotated[
        str | None,
        typer.Option(help=f"Tenant to fill, made if new; else ROLLBOOK_TENANT, else {SLUG}."),
    ] = None,
    students: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=service.MOST_STUDENTS,
            help=f"How many; else {STUDENTS:,}, but no more than MAX_TOTAL_STUDENTS.",
        ),
    ] = None,
    years: Annotated[
        int,
        typer.Option(min=1, max=service.MOST_YEARS, help="School years: students come, grow and leave."),
    ] = 1,
    seed: Annotated[
        int | None,
        typer.Option(min=0, help=f"Another seed, another district; else SEED_RNG, else {service.SEED}."),
    ] = None,
    phases: Annotated[
        str | None, typer.Option(help="Only these, such as 1-6,9; else all but those of SKIP_PHASE_<n>.")
    ] = None,
    as_of: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%d"], help="Day of the latest year; what became known later is left out."
        ),
    ] = None,
    migrate: Annotated[
        bool | None, typer.Option(help="Bring the schema up to date first; else unless SKIP_DB_INIT is true.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON on stdout.")] = False,
) -> None:
    """Do as HELP says."""
    chosen = close(read_phases(phases) if phases is not None else environment.phases(os.environ))
    plan = service.Plan(
        _students(students), _seed(seed), years, as_of.date() if as_of else None, tuple(chosen)
    )
    slug = tenant or settings().tenant or SLUG
    plan.world()  # see that it makes sense before anything is touched
    _tell_left_out(chosen)
    with progress_bar() as report:
        made = service.generate_into(slug, plan, report, migrate=_migrates(migrate))
    _show(
        Generated(
            slug,
            plan.students,
            plan.seed,
            years,
            plan.world().today,
            _numbers(chosen),
            made.rows,
            made.corrections,
        ),
        json=json,
    )


def _students(option: int | None) -> int:
    if option is not None:
        return option
    most = environment.number(os.environ, environment.MAX_TOTAL_STUDENTS)
    return STUDENTS if most is None else min(most, STUDENTS)


def _seed(option: int | None) -> int:
    seed = environment.number(os.environ, environment.SEED_RNG) if option is None else option
    return service.SEED if seed is None else seed


def _migrates(option: bool | None) -> bool:
    return not environment.is_true(os.environ, environment.SKIP_DB_INIT) if option is None else option


def _numbers(phases: list[Phase]) -> list[int]:
    return [phase.number for phase in phases]


def _tell_left_out(phases: list[Phase]) -> None:
    left_out = sorted(ALL.difference(_numbers(phases)))
    if left_out:
        output.say(f"Left out: phase {', '.join(map(str, left_out))}.")


def _show(made: Generated, *, json: bool) -> None:
    if json:
        output.print_json(made)
        return
    output.print_table(("table", "rows"), made.rows.items())
    typer.echo(
        f"{made.tenant}: {sum(made.rows.values()):,} rows and {made.corrections:,} later versions of"
        f" {made.students:,} synthetic students, seed {made.seed}, as of {made.as_of}"
    )

"""Commands about tables that are, or will be, published: `rollbook privacy audit-table`, `suppress-table`."""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Final

import typer

from rollbook.core import output
from rollbook.core.progress import progress_bar
from rollbook.core.words import many
from rollbook.research.auditing import MINIMUM, Audited, Finding, Rule, Step, audit_table
from rollbook.research.errors import TableTaken
from rollbook.research.published import Reading
from rollbook.research.suppressing import suppress_table

app = typer.Typer()
FINDINGS: Final = 3

Files = Annotated[
    list[Path], typer.Argument(help="The table as CSV; several files where tables share cells or totals.")
]
Minimum = Annotated[int, typer.Option(help="The least count that may be told; smaller ones are given away.")]
Labels = Annotated[
    int | None, typer.Option(help="How many columns hold labels; else those before the first of counts.")
]
Totals = Annotated[
    list[str] | None, typer.Option("--total", help="One more label or header that means all, as Total does.")
]
Lowest = Annotated[
    int | None,
    typer.Option(
        min=0, max=1, help="The least that a suppressed count can be; else 1 where the table prints zeros."
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON on stdout.")]


@app.command("audit-table")
def audit_table_command(  # noqa: PLR0913 -- an option each
    files: Files,
    *,
    minimum: Minimum = MINIMUM,
    only_derived: Annotated[
        bool, typer.Option("--only-derived", help="Leave out small counts that are printed as they are.")
    ] = False,
    labels: Labels = None,
    total: Totals = None,
    lowest: Lowest = None,
    json: Json = False,
) -> None:
    """Find counts that a reader of a published table can work out. Exit code 3 if there are any.

    Suppressed cells are empty, or say *, <10 and the like. Totals of rows, columns and levels are found by
    their labels (Total, All, or an empty one). A count is given away if it follows exactly, or if it can only
    be under the minimum and sums leave fewer than half as many values for it.
    """
    rule = Rule(minimum, lowest, only_derived)
    audited = audit_table(files, rule, Reading(labels, total or ()))
    if json:
        output.print_json(audited)
    else:
        _show(audited)
    if audited.findings:
        raise typer.Exit(FINDINGS)


def _show(audited: Audited) -> None:
    for finding in audited.findings:
        for line in _lines(finding):
            typer.echo(line)
    for column in audited.ignored:
        output.say(f"Left out: the column '{column}' is a share of no columns here")
    if audited.undecided:
        output.say(f"Not decided within the time: {audited.undecided:,} cells")
    typer.echo(
        f"{many(len(audited.findings), 'finding')} in {many(audited.cells, 'cell')},"
        f" {audited.suppressed:,} of them suppressed, and {many(audited.sums, 'sum')}"
    )


_SAID: Final = {
    "shown": "is printed",
    "repeated": "is printed elsewhere",
    "exact": "follows",
    "narrow": "is narrow",
}


def _lines(finding: Finding) -> Iterator[str]:
    value = f"{finding.low:,}" if finding.low == finding.high else f"{finding.low:,} to {finding.high:,}"
    place = finding.place
    yield f"{place.file}, line {place.line}: {place} = {value} {_SAID[finding.kind]}"
    if finding.at_least == finding.at_most:
        yield from _steps("", finding.at_least)
    else:
        yield from _steps("at least: ", finding.at_least)
        yield from _steps("at most: ", finding.at_most)
    if finding.by_whole_numbers:
        yield "    and no whole numbers fit the sums nearer to the ends"


def _steps(side: str, steps: Sequence[Step]) -> Iterator[str]:
    for step in steps:
        yield f"    {side}{step.times} x  {step.what}"


@app.command("suppress-table")
def suppress_table_command(  # noqa: PLR0913 -- an option each
    file: Annotated[Path, typer.Argument(help="The table of counts as CSV, with its totals.")],
    *,
    out: Annotated[Path | None, typer.Option(help="Where to write it; else it is printed.")] = None,
    minimum: Minimum = MINIMUM,
    labels: Labels = None,
    total: Totals = None,
    yes: Annotated[bool, typer.Option("--yes", help="Write over a file that is there.")] = False,
    json: Json = False,
) -> None:
    """Hide the small counts of a table, and what more keeps sums from telling them.

    Hidden cells are printed as *; zeros stay. `rollbook privacy audit-table` finds nothing in the result.
    """
    with progress_bar() as report:
        made = suppress_table(file, minimum, Reading(labels, total or ()), report)
    if out is not None:
        if out.exists() and not yes:
            raise TableTaken(path=out)
        with out.open("w", encoding="utf-8", newline="") as target:
            made.write(target)
    if json:
        output.print_json(made)
    elif out is None:
        made.write(sys.stdout)
    output.say(
        f"{made.primary:,} small counts and {made.complementary:,} others hidden in {made.cells:,} cells"
    )

"""Command of research copies: `rollbook privacy deidentify`."""

from pathlib import Path
from typing import Annotated

import typer

from rollbook.core import output
from rollbook.core.errors import Invalid
from rollbook.core.progress import progress_bar
from rollbook.ops.work import work_in
from rollbook.research.copying import MOST_DIVERSE, WEEKS, Manifest, Wanted, deidentify

app = typer.Typer()


class FolderUnnamed(Invalid):
    """Say where to write with --out, or --dry-run to see what a copy would tell."""


@app.command("deidentify")
def deidentify_command(  # noqa: PLR0913 -- an option each
    *,
    project: Annotated[str, typer.Option(help="What the copy is for: each project has its own pseudonyms.")],
    out: Annotated[Path | None, typer.Option(help="The folder to write: new, or empty.")] = None,
    k: Annotated[int, typer.Option(help="How many students share all that others may know, at least.")] = 5,
    l: Annotated[  # noqa: E741 -- what the field calls it
        int,
        typer.Option(
            "--l",
            min=1,
            max=MOST_DIVERSE,
            help="How many values of courses failed and of incidents they have.",
        ),
    ] = 1,
    cells: Annotated[int, typer.Option(min=2, help="The least count told in the summary table.")] = 10,
    weeks: Annotated[int, typer.Option(min=1, max=520, help="Dates shift by so many weeks at most.")] = WEEKS,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Write nothing; say what it would tell.")
    ] = False,
    tenant: Annotated[str | None, typer.Option(help="The tenant; not needed where there is one.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON on stdout.")] = False,
) -> None:
    """Make a copy of the records for research, in which no student is told from k - 1 others.

    Names, numbers, birth dates, addresses and free texts are dropped. What others may know is generalised
    until k students share it; dates are shifted by whole weeks, the same for all of a student's, and told
    only where k share them all. The manifest says what was lost, and the k and l that the files have.
    """
    if out is None and not dry_run:
        raise FolderUnnamed
    with work_in(tenant) as work, progress_bar() as report:
        wanted = Wanted(project, k, cells, weeks, l)
        manifest = deidentify(work.db, work.tenant, wanted, None if dry_run else out, report)
    if json:
        output.print_json(manifest)
    else:
        _show(manifest)


def _show(manifest: Manifest) -> None:
    output.print_table(("told of a student", "how"), manifest.generalised.items())
    output.print_fields(
        {
            "students": f"{manifest.students:,}, {manifest.left_out:,} left out",
            "nothing told of": f"{manifest.blurred:,}",
            "no dates of": f"{manifest.without_dates:,}",
            "no days of": f"{manifest.without_days:,}",
            "k": f"{manifest.k:,} in {manifest.classes:,} classes",
            **{f"l of {name}": value for name, value in manifest.l_diversity.items()},
            **{f"{name}.csv": f"{rows:,} rows" for name, rows in manifest.rows.items()},
        }
    )

"""The command `rollbook validate`."""

from pathlib import Path
from typing import Annotated, Final

import typer

from rollbook.audit.reading import by_command, disclose
from rollbook.core import output
from rollbook.core.progress import progress_bar
from rollbook.ops.work import work_in
from rollbook.reporting.validation import audit as validation
from rollbook.reporting.validation.audit import Audit

app = typer.Typer()

WITH_FINDINGS: Final = 3


@app.command()
def validate(
    *,
    tenant: Annotated[
        str | None, typer.Option(help="Tenant; else ROLLBOOK_TENANT, else the only one.")
    ] = None,
    examples: Annotated[
        int, typer.Option(min=0, max=1000, help="How many ids to show of each finding.")
    ] = validation.EXAMPLES,
    html: Annotated[
        Path | None, typer.Option("--html", help="Also write what was found to this page.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON on stdout.")] = False,
) -> None:
    """Audit a tenant's records and the database: orphans, overlaps, impossible dates, broken totals.

    Changes no record. Faults are shown by ids, never by names; students whose ids are shown are in the log of
    disclosures. Exit code 3 if there are any.
    """
    with work_in(tenant) as work, progress_bar() as report:
        done = validation.audit(work.db, work.tenant, examples=examples, report=report)
        disclose(work.db, validation.students_shown(work.db, done), by_command())
    if html:
        from rollbook.reporting.validation.page import write_page  # noqa: PLC0415 -- loads the templates

        write_page(done, html)
    if json:
        output.print_json(done)
    else:
        _show(done)
    if done.findings:
        raise typer.Exit(WITH_FINDINGS)


def _show(done: Audit) -> None:
    output.print_table(
        ("school", "year", "grade", "students", "sections", "largest", "implausible"),
        [
            (
                g.school_code,
                str(g.school_year),
                g.grade_level,
                g.students,
                g.sections,
                g.largest_section,
                g.flag or "",
            )
            for g in done.distribution
        ],
    )
    for found in done.findings:
        typer.echo(f"\n{found.severity.upper()} {found.count:,} -- {found.title} [{found.check}]")
        typer.echo(f"  {found.advice}")
        typer.echo("".join(f"  {example}\n" for example in found.examples), nl=False)
    many = f"{len(done.findings)} findings" if done.findings else "nothing wrong found"
    typer.echo(f"\n{done.tenant}: {done.checks} checks, {many}")

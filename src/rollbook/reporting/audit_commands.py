"""Commands of the audit: who was shown a record, what was written, and whether the logs are whole."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Final

import typer

from rollbook.access.service import find_student_id
from rollbook.audit import sealing
from rollbook.audit.reading import by_command, disclose
from rollbook.core import output
from rollbook.core.words import many
from rollbook.ops.work import work_in
from rollbook.reporting.log import Showing, Wanted, Written, showings, students_told, writings

app = typer.Typer(help="Say who changed or read what, and whether that log is whole.", no_args_is_help=True)

Json = Annotated[bool, typer.Option("--json", help="Print JSON on stdout.")]
TenantOption = Annotated[
    str | None, typer.Option("--tenant", help="The tenant; not needed where there is one.")
]
Limit = Annotated[int, typer.Option(min=1, max=100_000, help="At most so many, the newest.")]
Since = Annotated[
    datetime | None,
    typer.Option(formats=["%Y-%m-%d"], help="Only from this day on, in UTC."),
]
FINDINGS: Final = 3


@app.command()
def disclosures(
    student: Annotated[str, typer.Argument(help="The student's number.")],
    *,
    limit: Limit = 100,
    tenant: TenantOption = None,
    json: Json = False,
) -> None:
    """List who was shown a student's record, when, on which page, and by which rule (34 CFR 99.32)."""
    with work_in(tenant) as work:
        wanted = Wanted(student_id=find_student_id(work.db, work.tenant.tenant_id, student))
        found = showings(work.db, work.tenant.tenant_id, wanted, page_size=limit)
    _show_disclosures(found, json=json)


@app.command()
def writes(  # noqa: PLR0913 -- an option each
    *,
    table: Annotated[str | None, typer.Option(help="Only writes to this table.")] = None,
    student: Annotated[str | None, typer.Option(help="Only of this student, by number.")] = None,
    since: Since = None,
    limit: Limit = 100,
    tenant: TenantOption = None,
    json: Json = False,
) -> None:
    """List what was written, by whom and why, the newest first.

    With --json also the values, of up to 1,000 rows of a statement: of whom they tell is in the log of
    disclosures.
    """
    with work_in(tenant) as work:
        wanted = Wanted(
            student_id=find_student_id(work.db, work.tenant.tenant_id, student) if student else None,
            table_name=table,
            since=_utc(since),
        )
        found = writings(work.db, work.tenant.tenant_id, wanted, page_size=limit)
        if json:
            disclose(work.db, students_told(work.db, work.tenant.tenant_id, found), by_command())
    _show_writes(found, json=json)


@app.command()
def seal(
    *,
    wait: Annotated[int, typer.Option(min=0, help="Seconds to wait for other transactions to end.")] = 60,
    tenant: TenantOption = None,
    json: Json = False,
) -> None:
    """Seal the logs up to now, and print the hash to note elsewhere: it finds a log cut with its seals."""
    with work_in(tenant) as work:
        sealed = sealing.seal(work.db, work.tenant.tenant_id, patience_s=wait)
    newest = sealed[-1].hash if sealed else None
    if json:
        output.print_json({"hash": newest, "sealed": sealed})
        return
    _show_sealed(sealed)
    typer.echo(f"hash  {newest or '-'}")


@app.command()
def verify(
    *,
    since: Since = None,
    expect: Annotated[
        str | None, typer.Option(help="A hash that `rollbook audit seal` printed: it must be there.")
    ] = None,
    tenant: TenantOption = None,
    json: Json = False,
) -> None:
    """Compare the logs with their seals. Exit code 3 if anything was tampered with."""
    with work_in(tenant) as work:
        found = sealing.verify(work.db, work.tenant.tenant_id, since=_utc(since), expected=expect)
    if json:
        output.print_json(found)
    else:
        _show_verified(found)
    if found.findings:
        raise typer.Exit(FINDINGS)


def _show_verified(found: sealing.Verified) -> None:
    for one in found.findings:
        where = " ".join(
            f"{name} {value}"
            for name, value in (("log", one.log), ("row", one.row_id), ("seal", one.seal_no))
            if value is not None
        )
        typer.echo(f"{where or 'seals'}: {one.sentence}")
    _show_sealed(found.sealed)
    typer.echo(
        f"{many(len(found.findings), 'finding')} in {many(found.rows, 'row')}"
        f" under {many(found.seals, 'seal')}; {many(found.unsealed, 'row is', 'rows are')} not sealed yet;"
        f" {many(found.redacted, 'value was', 'values were')} taken out by erasures"
    )


def _show_sealed(sealed: Sequence[sealing.Sealed]) -> None:
    rows = [(one.log, one.seal_no, one.last_id, f"{one.sealed_at:%Y-%m-%d %H:%M:%S}") for one in sealed]
    output.print_table(("log", "seal", "up to row", "sealed at (UTC)"), rows)


def _show_disclosures(found: Sequence[Showing], *, json: bool) -> None:
    if json:
        output.print_json([asdict(one) for one in found])
        return
    columns = ("at (UTC)", "who", "what", "interest", "purpose")
    rows = [(f"{d.at:%Y-%m-%d %H:%M:%S}", d.who, d.what, d.interest, d.purpose) for d in found]
    output.print_table(columns, rows, empty="Nobody was shown this student's record.")


def _show_writes(found: Sequence[Written], *, json: bool) -> None:
    if json:
        output.print_json([asdict(one) for one in found])
        return
    columns = ("at (UTC)", "who", "why", "table", "command", "rows", "import")
    output.print_table(
        columns,
        [
            (f"{w.at:%Y-%m-%d %H:%M:%S}", w.who, w.purpose, w.table_name, w.command, w.row_count, w.by_import)
            for w in found
        ],
        empty="Nothing was written that fits.",
    )


def _utc(day: datetime | None) -> datetime | None:
    return day.replace(tzinfo=UTC) if day else None

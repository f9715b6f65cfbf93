"""The command `rollbook import rejects`: what waits to be fixed goes out and comes in again.

A file of rejected lines tells of students as any export does: whom its lines name is in the log of
disclosures before it is written.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Final
from uuid import UUID

import typer
from sqlalchemy.orm import Session

from rollbook.audit.reading import by_command, disclose
from rollbook.core import output
from rollbook.core.acting import account
from rollbook.core.errors import Invalid
from rollbook.core.sql import named_sql
from rollbook.intake import receipts
from rollbook.intake.fixup import NoRejects, export_rejects
from rollbook.intake.format import rebuild_format
from rollbook.intake.models import Import
from rollbook.intake.options import (
    AsJson,
    DryRun,
    Html,
    Lenient,
    MaxRejects,
    Shown,
    TenantName,
    bring_in,
)
from rollbook.intake.pipeline import Request
from rollbook.intake.quarantine import SQL, causes_of
from rollbook.ops.work import Work, work_in

app = typer.Typer()
_NAMED: Final = named_sql("rollbook.exchange", "rejects.sql")


class ExportAndRetry(Invalid):
    """Rejects are exported, fixed and then retried: give --export or --retry, not both."""


def students_named(db: Session, tenant_id: int, import_id: int) -> Sequence[UUID]:
    """Return the students of ours whom rejected lines of an import name."""
    from rollbook.privacy.about import NAMES_A_PERSON  # noqa: PLC0415 -- loads every room

    facts = {"tenant_id": tenant_id, "import_id": import_id, "names_a_person": NAMES_A_PERSON}
    return db.scalars(_NAMED["students_named"], facts).all()


@app.command()
def rejects(  # noqa: PLR0913 -- an option each
    import_id: Annotated[
        int | None, typer.Argument(help="Number of the import; else the latest with rejects.")
    ] = None,
    *,
    export: Annotated[
        Path | None, typer.Option(help="Write the rejected rows to this .csv, or a new folder, to be fixed.")
    ] = None,
    retry: Annotated[
        Path | None, typer.Option(help="Bring in this .csv or folder of fixed rows, and nothing else.")
    ] = None,
    tenant: TenantName = None,
    max_rejects: MaxRejects = 0,
    lenient: Lenient = False,
    dry_run: DryRun = False,
    html: Html = None,
    json: AsJson = False,
) -> None:
    """List rejected rows by what is wrong, write them to a file to be fixed, or bring the fixed ones in."""
    if export and retry:
        raise ExportAndRetry
    with work_in(tenant) as work:
        receipt = _receipt(work, import_id)
        if not retry:
            _list_or_export(work, receipt, export, json=json)
            return
        form = rebuild_format(receipt.format_key, receipt.options)
        request = Request(
            tenant=work.tenant.slug,
            source=receipt.source,
            who=account(),
            is_lenient=lenient,
            max_rejects=max_rejects,
            is_dry_run=dry_run,
            is_synthetic=work.tenant.is_synthetic,
            retry_of=receipt.import_id,
            file_name=_only_file(work, receipt, retry),
        )
    bring_in(retry, form, request, Shown(as_json=json, html=html))


def _receipt(work: Work, import_id: int | None) -> Import:
    found = import_id or work.db.scalar(SQL["latest_with_rejects"])
    if found is None:
        raise NoRejects("No rejected rows wait to be fixed.")
    return receipts.find_import(work.db, found)


def _only_file(work: Work, receipt: Import, retry: Path) -> str | None:
    """Return which file of the drop a single fixed file is, if only one can be meant."""
    rows = work.db.execute(SQL["files_with_rejects"], {"import_id": receipt.import_id}).all()
    return rows[0].file if len(rows) == 1 and retry.suffix == ".csv" else None


def _list_or_export(work: Work, receipt: Import, export: Path | None, *, json: bool) -> None:
    if export:
        disclose(work.db, students_named(work.db, work.tenant.tenant_id, receipt.import_id), by_command())
        written = export_rejects(work.db, receipt, export)
        rows = [(one.file, str(one.path), one.rows) for one in written]
        _print(("file", "written to", "rows"), rows, written, json=json)
    else:
        causes = causes_of(work.db, receipt.import_id)
        groups = [(one.rows, one.file, one.cause) for one in causes]
        found = {"import_id": receipt.import_id, "causes": causes}
        _print(("rows", "file", "cause"), groups, found, json=json)


def _print(columns: Sequence[str], rows: Sequence[Sequence[object]], document: object, *, json: bool) -> None:
    if json:
        output.print_json(document)
    else:
        output.print_table(columns, rows)

"""The options that every import command has, and how it is carried out: the same for all formats."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

import typer

from rollbook.core.errors import Invalid
from rollbook.core.progress import progress_bar
from rollbook.core.settings import settings
from rollbook.intake.aftermath import settle
from rollbook.intake.format import Format
from rollbook.intake.outcome import Outcome
from rollbook.intake.page import write_page
from rollbook.intake.pipeline import Request, run_import
from rollbook.intake.refusals import ImportRefused
from rollbook.intake.showing import show, warn
from rollbook.ops.work import running_server, work_in

WITH_FINDINGS: Final = 3

TenantName = Annotated[
    str | None, typer.Option("--tenant", help="Tenant to work in; else ROLLBOOK_TENANT, else the only one.")
]
NewTenant = Annotated[bool, typer.Option("--new-tenant", help="Make the tenant if it is not there.")]
Synthetic = Annotated[
    bool, typer.Option("--synthetic", help="The data are made up: for a tenant that is marked synthetic.")
]
SourceName = Annotated[
    str, typer.Option("--source", help="System that the drop is from; its ids are unique within it.")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and write nothing.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON on stdout.")]
Html = Annotated[Path | None, typer.Option("--html", help="Also write what was found to this page.")]
MaxRejects = Annotated[
    int,
    typer.Option("--max-rejects", min=0, help="Leave out up to this many faulty rows, not more."),
]
AcceptShrink = Annotated[
    list[str] | None,
    typer.Option("--accept-shrink", help="Table that may lose more rows than usual; may be repeated."),
]
Lenient = Annotated[
    bool,
    typer.Option("--lenient", help="Read a drop kindly, and tell each liberty that was taken."),
]
NoWait = Annotated[
    bool,
    typer.Option("--no-wait", help="Fail at once while another import into the tenant runs."),
]


class NewTenantUnnamed(Invalid):
    """A new tenant needs a name: say it with --tenant."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """How an outcome is shown."""

    as_json: bool = False
    html: Path | None = None


def name_tenant(tenant: str | None, *, is_new: bool) -> str:
    """Return the slug of the tenant to import into.

    Raises: ``NewTenantUnnamed``; ``TenantNotFound``; ``TenantUnnamed``; ``NoTenant``.
    """
    named = tenant or settings().tenant
    if is_new:
        if not named:
            raise NewTenantUnnamed
        return named
    with work_in(named) as work:
        return work.tenant.slug


def accepted(tables: Sequence[str] | None) -> frozenset[str]:
    """Return the tables that --accept-shrink names."""
    return frozenset(tables or ())


def bring_in(path: Path, form: Format, request: Request, shown: Shown) -> None:
    """Carry out an import command: exit code 3 if rows were rejected, or a dry run would be refused."""
    url = running_server().url
    try:
        with progress_bar() as report:
            outcome = run_import(url, path, form, request, report)
    except ImportRefused as refusal:
        _write(refusal.outcome, shown)
        warn(refusal.outcome)
        raise
    _write(outcome, shown)
    show(outcome, as_json=shown.as_json)
    if not request.is_dry_run:
        settle(request.tenant)
    if outcome.rejected or outcome.is_refused:
        raise typer.Exit(WITH_FINDINGS)


def _write(outcome: Outcome, shown: Shown) -> None:
    if shown.html:
        write_page(outcome, shown.html)

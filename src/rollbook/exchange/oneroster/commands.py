"""Commands of OneRoster: `rollbook import oneroster`, `rollbook export oneroster`."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final

import typer

from rollbook.core import output
from rollbook.core.acting import account
from rollbook.core.errors import Invalid
from rollbook.core.progress import progress_bar
from rollbook.core.words import many
from rollbook.exchange.oneroster.bundle import OneRoster
from rollbook.exchange.oneroster.errors import BundleRefused
from rollbook.exchange.oneroster.export import export_oneroster
from rollbook.intake.options import (
    AcceptShrink,
    AsJson,
    DryRun,
    Html,
    Lenient,
    MaxRejects,
    NewTenant,
    NoWait,
    Shown,
    SourceName,
    Synthetic,
    TenantName,
    accepted,
    bring_in,
    name_tenant,
)
from rollbook.intake.pipeline import Request
from rollbook.intake.rejects import Reject
from rollbook.ops.work import running_server

importing = typer.Typer()
exporting = typer.Typer()
SOURCE: Final = "oneroster"
_MOST_LISTED: Final = 100


class InstantUnreadable(Invalid):
    """'{said}' is no instant: write it as 2026-01-31 or 2026-01-31T18:00:00+00:00."""


@importing.command("oneroster")
def import_oneroster(  # noqa: PLR0913 -- an option each
    path: Annotated[Path, typer.Argument(help="The bundle: a zip, or a folder of its CSV files.")],
    *,
    tenant: TenantName = None,
    new_tenant: NewTenant = False,
    synthetic: Synthetic = False,
    source: SourceName = SOURCE,
    lenient: Lenient = False,
    max_rejects: MaxRejects = 0,
    accept_shrink: AcceptShrink = None,
    no_wait: NoWait = False,
    dry_run: DryRun = False,
    html: Html = None,
    json: AsJson = False,
) -> None:
    """Import a OneRoster bundle: 1.2, bulk or delta; 1.1 and 1.0 too. The same bundle again changes nothing.

    A bundle that breaks a rule of OneRoster is refused, and every fault named by file, line and column.
    What a bulk file no longer has is closed; who has left stays a student of yours, with a past.
    """
    slug = name_tenant(tenant, is_new=new_tenant)
    request = Request(
        tenant=slug,
        source=source,
        who=account(),
        is_lenient=lenient,
        max_rejects=max_rejects,
        accept_shrink=accepted(accept_shrink),
        is_dry_run=dry_run,
        waits=not no_wait,
        new_tenant=new_tenant,
        is_synthetic=synthetic,
    )
    try:
        bring_in(path, OneRoster(), request, Shown(as_json=json, html=html))
    except BundleRefused as refusal:
        _list_faults(refusal.faults, refusal.total)
        raise


def _list_faults(faults: Sequence[Reject], total: int) -> None:
    for fault in faults[:_MOST_LISTED]:
        output.say(f"Fault: {fault}")
    if total > _MOST_LISTED:
        output.say(f"... {total:,} faults in all")


@exporting.command("oneroster")
def to_oneroster(  # noqa: PLR0913 -- an option each
    path: Annotated[Path, typer.Argument(help="The zip to write.")],
    *,
    since: Annotated[
        str | None,
        typer.Option(help="Write only what changed since this instant (UTC unless it says its zone)."),
    ] = None,
    source: Annotated[
        str | None, typer.Option(help="System whose ids are written; else the only one there is.")
    ] = None,
    tenant: TenantName = None,
    yes: Annotated[bool, typer.Option("--yes", help="Write over a file that is there.")] = False,
    json: AsJson = False,
) -> None:
    """Export a tenant as a OneRoster 1.2 bundle. The same data give the same bytes.

    With --since it is a delta, in which what was taken away since is marked as to be deleted. Passwords are
    never written. Students whose families forbid handing out directory information are in it, because the
    services of a school need them, without e-mail, telephone and place of birth.
    """
    slug, instant = name_tenant(tenant, is_new=False), _instant(since)
    with progress_bar() as report:
        exported = export_oneroster(
            running_server().url,
            path,
            tenant_slug=slug,
            source=source,
            since=instant,
            overwrite=yes,
            report=report,
        )
    if json:
        output.print_json(exported)
        return
    output.print_table(("file", "rows"), ((file.file, file.rows) for file in exported.files))
    for what in exported.left_out:
        output.say(f"Left out: {what}")
    typer.echo(f"{exported.tenant}: {many(exported.rows, 'row')} written to {exported.path}")


def _instant(said: str | None) -> datetime | None:
    if said is None:
        return None
    try:
        instant = datetime.fromisoformat(said)
    except ValueError as error:
        raise InstantUnreadable(said=said) from error
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)

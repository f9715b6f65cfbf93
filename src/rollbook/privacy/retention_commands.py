"""Commands of retention: `rollbook privacy retention ...`."""

from contextlib import suppress
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rollbook.core import output
from rollbook.core.progress import progress_bar
from rollbook.ops.work import list_tenants, work_in

if TYPE_CHECKING:
    from rollbook.privacy.retention import Removed

app = typer.Typer(
    help="How long rows are kept, by table; and removing what is past it.", no_args_is_help=True
)
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON on stdout.")]
TenantOption = Annotated[
    str | None, typer.Option("--tenant", help="The tenant; not needed where there is one.")
]


@app.command()
def show(*, tenant: TenantOption = None, json: JsonOption = False) -> None:
    """Show of every table how long its rows are kept, why, and how many are past it now."""
    from rollbook.privacy.periods import set_periods  # noqa: PLC0415 -- loads every room
    from rollbook.privacy.retention import count_past  # noqa: PLC0415 -- likewise

    with work_in(tenant, as_owner=True) as work:
        past = count_past(work.db, work.tenant)
        here = {
            name: {"years": one.keep_years, "days": one.keep_days, "reason": one.reason, "by": one.changed_by}
            for name, one in set_periods(work.db, work.tenant.tenant_id).items()
        }
    told = _told(past, here)
    if json:
        output.print_json(told)
        return
    columns = ("table", "kept", "since", "past it", "why")
    output.print_table(
        columns, [(one["table"], one["kept"], one["since"], one["past"], one["why"]) for one in told]
    )


def _told(past: dict[str, int], here: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    """Return of each table, those with a rule first, what is told of it."""
    from rollbook.privacy.retention_rules import GOES_WITH, KEPT, RULES, Period  # noqa: PLC0415 -- as above

    told: list[dict[str, Any]] = []
    for name, rule in RULES.items():
        set_here = here.get(name)
        kept = Period(set_here["years"], set_here["days"]) if set_here else rule.keep
        told.append(
            {
                "table": name,
                "kept": str(kept),
                "since": rule.since,
                "past": past.get(name),
                "why": f"set here: {set_here['reason']}" if set_here else rule.why,
                "default": str(rule.keep),
                "least": str(rule.least) if rule.least else None,
                "law": rule.law or None,
                "set_here": set_here,
            }
        )
    for name, parent in GOES_WITH.items():
        why = f"goes with {parent}"
        told.append({"table": name, "kept": None, "since": parent, "past": past.get(name), "why": why})
    for why, names in KEPT.items():
        told += [
            {"table": name, "kept": "for ever", "since": None, "past": None, "why": why}
            for name in sorted(names)
        ]
    return told


@app.command("set")
def set_retention(  # noqa: PLR0913 -- an option each
    table: Annotated[str, typer.Argument(help="The table, as `retention show` names it.")],
    *,
    reason: Annotated[str, typer.Option(help="Why, such as the rule or the board's decision; it is kept.")],
    years: Annotated[int, typer.Option(help="Years to keep its rows.")] = 0,
    days: Annotated[int, typer.Option(help="Days to keep its rows, beside the years.")] = 0,
    tenant: TenantOption = None,
    json: JsonOption = False,
) -> None:
    """Keep rows of a table for longer or less than by default; never for less than a law asks."""
    from rollbook.privacy.periods import set_period  # noqa: PLC0415 -- loads every room
    from rollbook.privacy.retention_rules import Period  # noqa: PLC0415 -- likewise

    period = Period(years, days)
    with work_in(tenant) as work:
        set_period(work.db, work.tenant.tenant_id, table, period, reason=reason)
    if json:
        output.print_json({"table": table, "years": years, "days": days, "reason": reason})
        return
    typer.echo(f"Rows of {table} are kept for {period}")


@app.command()
def run(
    *,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only tell what would go, even with --yes.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Remove it: there is no way back.")] = False,
    tenant: TenantOption = None,
    json: JsonOption = False,
) -> None:
    """Remove what is past its rule, with its versions and its values in the log of writes, all or nothing.

    Then what of it is in the archive: should that fail, the next run does it.

    Without --yes, try it and undo it. Nothing goes of students who are enrolled, under a legal hold, or whose
    family waits for a decision on an amendment. Backups still have it until they run out.
    """
    from rollbook.privacy.retention import remove_past  # noqa: PLC0415 -- loads every room

    removes = yes and not dry_run
    made: Removed | None = None
    with suppress(_OnlyTried), work_in(tenant, as_owner=True) as work:
        with progress_bar() as report:
            made = remove_past(work.db, work.tenant, report)
        if not removes:
            raise _OnlyTried
    assert made is not None
    archived = _forget_archived(tenant) if removes else {}
    if json:
        told = {"removed": made.rows, "archived": archived, "redactions": made.redactions}
        output.print_json({"is_done": removes} | told)
        return
    output.print_table(("removed from the archive of", "rows"), archived.items())
    output.print_table(("removed from", "rows"), made.rows.items())
    done = "Removed" if removes else "Would be removed (say --yes)"
    typer.echo(f"{done}: {sum(made.rows.values()):,} rows; {made.redactions:,} values taken out of the logs")


def _forget_archived(slug: str | None) -> dict[str, int]:
    """Take out of the archive what is past its rule, and return how many rows, by table."""
    from rollbook.privacy.archiving import forget_past, keeping_here  # noqa: PLC0415 -- loads every room

    with work_in(slug) as work:
        tenant_id = work.tenant.tenant_id
    tenant = next(one for one in list_tenants() if one.tenant_id == tenant_id)
    return {one.table_name: one.rows for one in forget_past(keeping_here(), tenant)}


class _OnlyTried(Exception):
    pass

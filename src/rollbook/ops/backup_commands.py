"""Commands of backups: create, list, verify, restore, prune, key. They never print a key."""

from pathlib import Path
from typing import Annotated, Any, Final

import typer

from rollbook.core import clock, output
from rollbook.core.checks import State
from rollbook.core.errors import RollbookError
from rollbook.core.progress import progress_bar
from rollbook.core.settings import settings
from rollbook.ops.backup import logical, restoring, retention, verifying
from rollbook.ops.backup.errors import NoBackupsYet
from rollbook.ops.backup.keys import key_path, rotate_key
from rollbook.ops.backup.manifest import Backup, Catalog
from rollbook.ops.backup.noting import noted_if_possible
from rollbook.ops.backup.retention import Retention
from rollbook.ops.backup.smoke import handed_in
from rollbook.ops.backup.turns import making, pruning
from rollbook.ops.backup.vault import Vault, open_vault
from rollbook.ops.recovery import physical
from rollbook.ops.recovery.commands import app as recovery
from rollbook.ops.recovery.commands import restore_physical
from rollbook.ops.recovery.verifying import copies_verified, logs_verified
from rollbook.ops.recovery.wal_catalog import expendable_wal

app = typer.Typer(help="Keep backups, prove them, restore them.", no_args_is_help=True)
app.add_typer(recovery)

FINDINGS: Final = 3

Json = Annotated[bool, typer.Option("--json", help="Print JSON on stdout.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]


@app.command()
def create(  # noqa: PLR0913 -- one option for each kind of backup
    *,
    schema: Annotated[bool, typer.Option("--schema", help="Only the tables, without rows.")] = False,
    data: Annotated[bool, typer.Option("--data", help="Only the rows.")] = False,
    full: Annotated[bool, typer.Option("--full", help="Tables and rows, for any later PostgreSQL.")] = False,
    base: Annotated[bool, typer.Option("--base", help="All of the server's files.")] = False,
    incremental: Annotated[
        bool, typer.Option("--incremental", help="What changed in the server's files since the last backup.")
    ] = False,
    json: Json = False,
) -> None:
    """Take a backup, encrypted, into the repository. Safe while Rollbook serves.

    By default of the server's files: what changed since the last one where the server can tell, else all.
    """
    kind = _kind(full=full, schema=schema, data=data, base=base, incremental=incremental)
    with progress_bar() as report, noted_if_possible(settings(), "backup.create") as run:
        vault = open_vault(settings(), report, tell=output.say)
        with making(settings(), report):
            made = _made(vault, kind)
        run.facts |= {"backup_id": made.backup_id, "kind": made.kind, "bytes": made.bytes}
    if json:
        output.print_json(_line(made))
    else:
        output.print_fields(_line(made))


@app.command("list")
def list_(*, json: Json = False) -> None:
    """List the backups, oldest first. Exit code 3 if one is damaged."""
    try:
        known = open_vault(settings()).catalog()
    except NoBackupsYet:
        known = Catalog(())
    lines = [_line(backup) for backup in known]
    if json:
        output.print_json({"backups": lines, "damaged": known.damaged})
    else:
        columns = list(lines[0]) if lines else []
        cells = [tuple(line.values()) for line in lines]
        output.print_table(columns, cells, empty="There is no backup yet: `rollbook backup create`.")
    for one in known.damaged:
        output.say(f"{one.backup_id} is damaged: {one.reason}")
    if known.damaged:
        raise typer.Exit(FINDINGS)


@app.command()
def verify(
    backup: Annotated[str | None, typer.Argument(help="Its id, or 'latest'.")] = None,
    *,
    every: Annotated[bool, typer.Option("--all", help="All backups.")] = False,
    json: Json = False,
) -> None:
    """Read every file of a backup and of those it builds on. Exit code 3 if anything is wrong."""
    if (backup is None) != every:
        raise typer.BadParameter("name one backup, or say --all")
    with progress_bar() as report, noted_if_possible(settings(), "backup.verify") as run:
        vault = open_vault(settings(), report)
        with copies_verified(settings(), vault) as of_copies:
            found = verifying.verify(vault, backup, of_copies=of_copies)
        if every:
            found += logs_verified(vault, vault.catalog())
        faulty = [one for one in found if not one.is_whole]
        run.facts |= {"backups": len(found), "faulty": [one.backup_id for one in faulty]}
        run.has_findings = bool(faulty)
    if json:
        output.print_json(found)
    else:
        rows = [(one.backup_id, one.kind, one.bytes, "whole" if one.is_whole else "faulty") for one in found]
        output.print_table(("backup", "kind", "bytes", ""), rows)
    for one in faulty:
        output.say(f"{one.backup_id}: {' '.join(one.faults)}")
    if faulty:
        raise typer.Exit(FINDINGS)


@app.command()
def restore(  # noqa: PLR0913 -- one option for each thing to say of where and when
    backup: Annotated[str, typer.Argument(help="Its id, or 'latest'.")],
    *,
    to: Annotated[
        str | None,
        typer.Option(help="A time with its zone, an LSN, a restore point's name, or LATEST; else its end."),
    ] = None,
    timeline: Annotated[
        int | None,
        typer.Option(min=1, help="What the server did on it; else on the newest, which a restore began."),
    ] = None,
    into: Annotated[Path | None, typer.Option(help="An empty folder for the server's files.")] = None,
    yes: Yes = False,
    json: Json = False,
) -> None:
    """Restore a backup in place of what is there, or the server's files into a folder.

    It is restored beside, looked over, then swapped; what was there before stays beside.
    """
    chosen = settings()
    vault = open_vault(chosen)
    wanted = vault.catalog().find(backup)
    if to or into or timeline or wanted.is_physical:
        restore_physical(backup, to, into, timeline=timeline, yes=yes, json=json)
        return
    if restoring.replaces(chosen) and not yes:
        output.confirm(f"The database has tables. Put {wanted.backup_id} in its place?")
    with progress_bar() as report:
        done = _restored(open_vault(chosen, report), wanted)
    if json:
        output.print_json(done)
    else:
        output.print_fields(
            {"backup": done.backup_id, "database": done.database, "rows": done.rows, "seconds": done.seconds}
        )
    for one in done.smoke:
        if one.state is not State.FINE:
            output.say(f"{one.sentence} {one.mend or ''}".rstrip())
    if done.previous:
        output.say(f"The database of before is '{done.previous}'; drop it when nobody misses anything.")
    output.say("Logins for BI are not in a backup by pg_dump: `rollbook bi-role add` makes them anew.")


@app.command()
def prune(
    *,
    count: Annotated[int | None, typer.Option(min=1, help="Keep so many of each kind.")] = None,
    days: Annotated[int | None, typer.Option(min=0, help="Keep what is younger than so many days.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would go.")] = False,
    json: Json = False,
) -> None:
    """Remove old backups: none that is among the newest, none that a newer one builds on."""
    chosen = settings()
    rule = Retention(
        count=chosen.backup_keep_count if count is None else count,
        days=chosen.backup_keep_days if days is None else days,
    )
    with progress_bar() as report, noted_if_possible(settings(), "backup.prune") as run:
        vault = open_vault(chosen, report)
        with pruning(chosen, report):
            gone = retention.prune(vault, rule, clock.now(), wal=expendable_wal, dry_run=dry_run)
        run.facts |= {"backups": len(gone.backups), "bytes": gone.bytes, "dry_run": dry_run}
    if json:
        output.print_json(gone)
    else:
        for backup_id in gone.backups:
            typer.echo(backup_id)
    verb = "would go" if dry_run else "are gone"
    output.say(
        f"{len(gone.backups)} backups, {gone.wal_files} WAL files and {gone.abandoned_files} abandoned ones"
        f" {verb}: {gone.bytes:,} bytes."
    )


@app.command()
def key(
    *,
    rotate: Annotated[bool, typer.Option("--rotate", help="Encrypt with a new key from now on.")] = False,
    json: Json = False,
) -> None:
    """Say where the backup key is, or give it a new one; backups of before still open with the old."""
    ring = rotate_key() if rotate else open_vault(settings()).ring
    told = {"path": key_path(), "key": ring.primary, "keys": len(ring.keys)}
    if json:
        output.print_json(told)
    else:
        output.print_fields(told)
    output.say("Keep a copy away from this machine and from the backups: without it every backup is lost.")


def _kind(**said: bool) -> logical.LogicalKind | physical.How:
    """Return the one kind that was asked for; none = what is best for a physical one."""
    kinds: tuple[logical.LogicalKind | physical.How, ...] = ("full", "schema", "data", "base", "incremental")
    chosen = [kind for kind in kinds if said[kind]]
    if len(chosen) > 1:
        raise typer.BadParameter("say one of --full, --schema, --data, --base, --incremental")
    return chosen[0] if chosen else "auto"


def _made(vault: Vault, kind: logical.LogicalKind | physical.How) -> Backup:
    match kind:
        case "full" | "schema" | "data":
            return logical.create(settings(), vault, kind)
        case _:
            return physical.create(settings(), vault, kind)


def _line(backup: Backup) -> dict[str, Any]:
    """Return what a list says of a backup."""
    return {
        "backup": backup.backup_id,
        "kind": backup.kind,
        "began_at": backup.began_at.isoformat(timespec="seconds"),
        "seconds": round((backup.ended_at - backup.began_at).total_seconds(), 1),
        "bytes": backup.bytes,
        "rows": sum(table.rows for table in backup.tables.values()),
        "parent": backup.parent,
        "postgresql": backup.server_version,
    }


def _restored(vault: Vault, wanted: Backup) -> restoring.Restored:
    """Restore, then note it: a run noted meanwhile would be lost with the database of before."""
    try:
        done = restoring.restore(settings(), vault, wanted, handed_in())
    except RollbookError:
        with noted_if_possible(settings(), "backup.restore") as run:
            run.facts["backup_id"] = wanted.backup_id
            raise
    with noted_if_possible(settings(), "backup.restore") as run:
        run.facts |= {"backup_id": done.backup_id, "rows": done.rows, "seconds": done.seconds}
    return done

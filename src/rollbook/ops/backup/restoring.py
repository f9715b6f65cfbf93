"""Restoring a logical backup: into a database beside the one in use, looked over, then swapped for it."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from psycopg import sql
from sqlalchemy import make_url

from rollbook.core.checks import Checked, State
from rollbook.core.settings import Settings
from rollbook.ops import server
from rollbook.ops.backup.beside import Beside, beside, is_empty
from rollbook.ops.backup.errors import RestoreDiffers, RestoreIntoOlder, RolesMissing
from rollbook.ops.backup.logical import DATA, FULL, SCHEMA, count_rows
from rollbook.ops.backup.manifest import Backup, file_name
from rollbook.ops.backup.programs import write_to
from rollbook.ops.backup.smoke import Smoke
from rollbook.ops.backup.source import Source, source
from rollbook.ops.backup.vault import Vault

_STEPS: Final = {
    "full": ((FULL, ""),),
    "schema": ((SCHEMA, ""),),
    # rows before indexes, references and triggers, as in a full one
    "data": ((SCHEMA, "--section=pre-data"), (DATA, ""), (SCHEMA, "--section=post-data")),
}


@dataclass(frozen=True, slots=True)
class Restored:
    """A restore that is done. ``previous``: what the database of before is called now, if it held any."""

    backup_id: str
    database: str
    rows: int
    seconds: float
    previous: str | None
    smoke: tuple[Checked, ...]


def replaces(chosen: Settings) -> bool:
    """Say whether a restore would replace tables: then somebody has to agree."""
    return not is_empty(source(chosen))


def restore(chosen: Settings, vault: Vault, backup: Backup, smoke: Sequence[Smoke] = ()) -> Restored:
    """Restore ``backup``, one by pg_dump, in place of the database of ``chosen``, all of it or nothing.

    The database of before stays on the server under another name, unless it held no tables.
    Raises: ``RolesMissing``; ``RestoreIntoOlder``; ``RestoreDiffers``; ``ProgramFailed``; ``StreamDamaged``
    and its like; ``DatabaseInUse``; ``RestoreBusy``. The database is as it was then.
    """
    began, origin = time.monotonic(), source(chosen)
    _check(origin, backup)
    was_empty = is_empty(origin)
    with beside(origin, backup.backup_id) as place:
        _fill(origin, vault, backup, place.name)
        rows = _settle(origin, vault, backup, place)
        found = _looked_over(chosen, backup, place, smoke)
        vault.report.step(f"Swapping it for {origin.database}")
        previous = place.swap()
        if was_empty:
            place.drop(previous)
    return Restored(
        backup_id=backup.backup_id,
        database=origin.database,
        rows=rows,
        seconds=round(time.monotonic() - began, 3),
        previous=None if was_empty else previous,
        smoke=tuple(found),
    )


def _check(origin: Source, backup: Backup) -> None:
    """Refuse what could only fail later."""
    made_by = int(backup.server_version.split(".")[0])
    if made_by > origin.major:
        raise RestoreIntoOlder(
            backup_id=backup.backup_id, made_by=backup.server_version, here=origin.server_version
        )
    with origin.connect() as db:
        here = {str(name) for (name,) in db.execute("SELECT rolname FROM pg_roles")}
    if missing := sorted(set(backup.facts["roles"]) - here):
        raise RolesMissing(backup_id=backup.backup_id, roles=", ".join(missing))


def _fill(origin: Source, vault: Vault, backup: Backup, database: str) -> None:
    tools = origin.tools(["pg_restore"], at_least=backup.facts["tools_major"])
    command = [
        tools.program("pg_restore"),
        "--exit-on-error",
        "--no-password",
        f"--dbname={database}",
    ]
    for name, section in _STEPS[backup.kind]:
        vault.report.step(f"Restoring {name}")
        chunks = vault.open(file_name(backup.backup_id, name))
        write_to([*command, *([section] if section else [])], origin.environment(database), chunks)


def _settle(origin: Source, vault: Vault, backup: Backup, place: Beside) -> int:
    """Finish what a dump leaves out; return how many rows are there, which must be as many as there were."""
    with origin.connect(place.name) as db:
        if backup.kind == "schema":
            if backup.facts["revision"]:
                db.execute("INSERT INTO alembic_version VALUES (%s)", [backup.facts["revision"]])
            return 0
        vault.report.step("Gathering statistics")
        db.execute(sql.SQL("ANALYZE"))
        counts = count_rows(db, vault.report)
    if differing := [
        name for name in {*counts, *backup.tables} if counts.get(name) != backup.tables.get(name)
    ]:
        raise RestoreDiffers(
            backup_id=backup.backup_id, reason=f"the number of rows of {', '.join(sorted(differing)[:5])}"
        )
    return sum(table.rows for table in counts.values())


def _beside(place: Beside, url: str) -> str:
    """Return how a role reaches the restored database: the server itself, since no pooler knows of it yet."""
    there = make_url(url).set(database=place.name)
    host, port = (place.origin.parameters.get(name, "") for name in ("host", "port"))
    if host and not host.startswith("/") and "," not in host:
        there = there.set(host=host, port=int(port) if port else None)
    return there.render_as_string(hide_password=False)


def _looked_over(chosen: Settings, backup: Backup, place: Beside, smoke: Sequence[Smoke]) -> list[Checked]:
    """Run the application's smoke queries on the restored database, before anybody works with it."""
    if backup.kind == "schema":
        return []
    status = server.status(chosen)
    urls = [_beside(place, url) for url in (status.url, status.owner_url)]
    found = [checked for look in smoke for checked in look(*urls)]
    if wrong := [checked.sentence for checked in found if checked.state is State.WRONG]:
        raise RestoreDiffers(backup_id=backup.backup_id, reason=" ".join(wrong))
    return found

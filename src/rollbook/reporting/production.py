"""Set an installation up for production: each step can be run again, and says what it did."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rollbook.accounts import client_secrets
from rollbook.core import keyring
from rollbook.core.checks import State
from rollbook.core.errors import RollbookError
from rollbook.core.progress import Report
from rollbook.core.settings import Settings
from rollbook.ops import migrate, server
from rollbook.ops.backup.keys import ensure_key, key_path
from rollbook.ops.backup.repository import open_repository
from rollbook.ops.backup_role import ensure_backup_role, is_wanted
from rollbook.ops.exposure import close_files
from rollbook.ops.group_roles import ensure_groups
from rollbook.ops.roles import BACKUP
from rollbook.ops.work import running_server
from rollbook.reporting.doctor import look_over


@dataclass(frozen=True, slots=True)
class Done:
    """One step: what it found or did, in a sentence; ``mend`` where somebody has to do something."""

    step: str
    sentence: str
    state: State = State.FINE
    mend: str | None = None


def set_up(
    settings: Settings,
    report: Report,
    *,
    app_url: Path | None = None,
    owner_url: Path | None = None,
    backup_url: Path | None = None,
) -> Iterator[Done]:
    """Yield each step as it is done: server, roles, keys, secrets, schema, and what the doctor says.

    The URLs are files to write those of the roles into, for processes that are to know no more.
    Raises: what ``server.up``, ``migrate.upgrade`` and ``ensure_groups`` raise.
    """
    status = server.up(settings, report)
    yield Done("server", f"PostgreSQL {status.version} answers ({status.kind}); the roles are there.")
    yield from _roles(settings)
    yield _keys()
    for path, url in ((app_url, status.url), (owner_url, status.owner_url)):
        if path is not None:
            yield _written(path, url)
    if backup_url is not None:
        yield from _backup_role(settings, backup_url)
    yield _backup_key(settings)
    yield from _secrets(settings)
    applied = len(migrate.upgrade(status.owner_url, report=report))
    yield Done("schema", f"{applied} migrations applied." if applied else "The schema is up to date.")
    for found in look_over(running_server(), report):
        yield Done(found.name, found.sentence, found.state, found.mend)


def _roles(settings: Settings) -> Iterator[Done]:
    for role in ensure_groups(settings):
        if role.is_ours:
            word = "was made" if role.is_new else "is there"
            yield Done("role", f"{role.name} {word}: it may what {role.holds} may, and cannot sign in.")
        else:
            sentence = f"{role.name} is not Rollbook's, and was not touched."
            mend = f"As an administrator: CREATE ROLE {role.name} NOLOGIN; GRANT {role.holds} TO {role.name};"
            yield Done("role", sentence, State.WARNING, mend)


def _keys() -> Done:
    """Make the key ring where there is none, before a migration needs it."""
    path = keyring.ring_path()
    if path.exists():
        return Done("keys", f"The key ring is {path}.")
    path.parent.mkdir(parents=True, exist_ok=True)
    keyring.make_ring()
    return Done("keys", f"The key ring was made: {path}. Keep a copy apart from the backups.")


def _backup_key(settings: Settings) -> Done:
    """Make the key of backups now, while somebody reads what is said of it, and not with the first backup."""
    path, told = key_path(settings), list[str]()
    try:
        ensure_key(open_repository(chosen=settings), told.append, settings)
    except RollbookError as error:
        return Done("keys", str(error), State.WARNING, "rollbook backup list, once the repository answers")
    return Done("keys", told[0] if told else f"The key of backups is {path}.")


def _secrets(settings: Settings) -> Iterator[Done]:
    for secret in close_files(settings, client_secrets.files()):
        if not secret.is_closed:
            sentence = f"{secret.path} can be read by others, and is not ours to close."
            yield Done("secret", sentence, State.WRONG, f"chmod 600 {secret.path}, as its owner.")
        elif secret.was_open:
            yield Done("secret", f"{secret.path} could be read by others: now only by its owner.")
        else:
            yield Done("secret", f"{secret.path} is closed to others.")


def _backup_role(settings: Settings, path: Path) -> Iterator[Done]:
    """Make the role for backups, where the server is not ours, and write its URL."""
    if not is_wanted(settings):
        yield Done("role", "Backups of Rollbook's own server need no role of their own.")
        return
    made = ensure_backup_role(settings)
    if made.url is None:
        sentence = f"{BACKUP} was not made: {made.why_not}."
        mend = "docs/howto/recovery.md: what a role for backups needs; ROLLBOOK_BACKUP_DATABASE_URL names it."
        yield Done("role", sentence, State.WARNING, mend)
        return
    word = "was made" if made.is_new else "is there"
    yield Done("role", f"{BACKUP} {word}: it reads everything, for backups, and changes nothing.")
    yield _written(path, made.url)


def _written(path: Path, url: str) -> Done:
    _write_secret(path, url)
    return Done("url", f"{path} is written.")


def _write_secret(path: Path, secret: str) -> None:
    """Replace the file at once; nobody else may read it, at no moment."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f".{path.name}.new")
    new.unlink(missing_ok=True)
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(f"{secret}\n")
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)

"""What can go wrong with backups, each with what to do about it. None holds a secret or a row."""

from rollbook.core.errors import Conflict, Forbidden, Invalid, NotFound, Unavailable


class RepositoryUrlInvalid(Invalid):
    """ROLLBOOK_BACKUP_URL names no place for backups ({reason}).

    Write a folder, s3://bucket/path, az://container/path or gs://bucket/path; credentials go into the
    environment, not into the URL.
    """


class CloudLibraryMissing(Unavailable):
    """Backups at {scheme}:// need the extra 'cloud': install rollbook[cloud]."""


class RepositoryFull(Unavailable):
    """No space left for backups in {where}.

    What was begun is removed, earlier backups are whole: free some space or run `rollbook backup prune`.
    """


class RepositoryUnreachable(Unavailable):
    """The backups in {where} cannot be reached ({reason}). Nothing half-written is there; try again."""


class RepositoryRefused(Forbidden):
    """{where} refuses us ({reason}). Check the credentials and what they may do there."""


class FileNameInvalid(Invalid):
    """'{name}' cannot name a file of a repository: letters, digits, '.', '_', '-', and '/' between them."""


class StoredFileMissing(NotFound):
    """{name} is not in {where}. A backup that needs it cannot be restored: take one before or after it."""


class NoBackupsYet(NotFound):
    """There are no backups in {where} yet. `rollbook backup create` takes one."""


class BackupKeyMissing(Unavailable):
    """There is no backup key at {path}, and there are backups in {where}, which only that key opens.

    Put back the copy that you keep. For backups of a new beginning name another ROLLBOOK_BACKUP_URL.
    """


class BackupKeyUnknown(Unavailable):
    """{about} is encrypted with the key {key_id}, which {path} does not have.

    Put back the ring that has it.
    """


class StreamForeign(Unavailable):
    """{about} is not what Rollbook wrote there: it begins otherwise. Take another backup."""


class StreamDamaged(Unavailable):
    """{about} was changed, or belongs elsewhere: its frame {frame} does not open with the key {key_id}.

    Nothing of it is trusted from there on: take another backup, or the file from a copy of the repository.
    """


class StreamCut(Unavailable):
    """{about} ends before its last frame: it was cut off. Take another backup, or the file from a copy."""


class FileChanged(Unavailable):
    """{name} is not the file that the backup {backup_id} was made of ({reason}). Take another backup."""


class BackupNotFound(NotFound):
    """There is no backup '{backup_id}'. `rollbook backup list` names them."""


class ManifestDamaged(Unavailable):
    """The manifest of backup {backup_id} cannot be trusted ({reason}). Take another backup."""


class BackupThere(Conflict):
    """There is a backup '{backup_id}' already; its manifest is not written twice."""


class BackupVanished(Unavailable):
    """The backup {backup_id} was thrown away: {lost}, which it needs, was removed while it was made.

    Let no `rollbook backup prune` run at the same time, then make it again.
    """


class ChainBroken(Unavailable):
    """The backup {backup_id} builds on {missing}, which is not there or is damaged.

    Restore one of another chain, and make a new base backup.
    """


class BackupRoleTooWeak(Forbidden):
    """'{role}' does not see all rows: row-level security holds it.

    Set ROLLBOOK_BACKUP_DATABASE_URL to a superuser, or as one run: ALTER ROLE {role} BYPASSRLS;
    """


class ProgramFailed(Unavailable):
    """{program} failed: {reason}."""


class RolesMissing(Conflict):
    """The backup {backup_id} names roles that are not on this server: {roles}.

    `rollbook up` makes its own; make the others (CREATE ROLE ... NOLOGIN), then restore again.
    """


class RestoreIntoOlder(Conflict):
    """The backup {backup_id} was made of PostgreSQL {made_by}; this server is {here}.

    Restore it into one of the same major version or a later one.
    """


class RestoreBusy(Unavailable):
    """Another restore into this server is at work. Wait for it, then try again."""


class RestoreRoleTooWeak(Forbidden):
    """'{role}' may not make databases.

    As a superuser: ALTER ROLE {role} CREATEDB;
    """


class RestoreDiffers(Unavailable):
    """What was restored of {backup_id} is not what was backed up ({reason}).

    It was removed again and the database is as it was: restore another backup.
    """


class DatabaseInUse(Unavailable):
    """'{database}' is in use again and again, and cannot be swapped for the restored '{restored}'.

    Stop what connects to it (`rollbook serve`, the worker), then restore again.
    """

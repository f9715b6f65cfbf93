"""What can go wrong with physical backups and recovery, each with what to do about it."""

from rollbook.core.errors import Conflict, Forbidden, Invalid, Unavailable


class SegmentForeign(Unavailable):
    """The file {name} of the write-ahead log is damaged or of another database system; it is not used."""


class BackupUnsafe(Unavailable):
    """The backup holds '{name}', which is no plain file of a data directory; nothing of it is used."""


class NoProgramsFor(Unavailable):
    """PostgreSQL {major}'s own programs are needed{why}, and none are here.

    Install them (`apt-get install postgresql-{major}`) or set ROLLBOOK_DATABASE_BIN.
    """


class CopyForbidden(Forbidden):
    """'{role}' may not copy the server's files ({reason}).

    Let a superuser run ALTER ROLE {role} REPLICATION; or make dumps: `rollbook backup create --full`.
    """


class BaseBackupFailed(Unavailable):
    """The backup failed and was thrown away ({reason}). Those before it are as they were."""


class IncrementalImpossible(Conflict):
    """No incremental backup can be made: {reason}. Run `rollbook backup create --base`."""


class LogMissing(Unavailable):
    """{name} of the log, which the backup {backup_id} ends with, is missing.

    Make a new one: `rollbook backup create --base`.
    """


class BackupUnproven(Unavailable):
    """The backup {backup_id} cannot be relied on: {reason}.

    Make a new one: `rollbook backup create --base`.
    """


class ProofNotKept(Unavailable):
    """The drill of {backup_id} found: {found}. But no record of it could be kept, so that it does not count.

    {reason}
    """


class TargetInvalid(Invalid):
    """'{target}' is no moment to restore to.

    Give a time with its zone (2026-03-01T08:15:00+01:00), an LSN (0/1A2B3C8), the name of a restore point,
    or LATEST.
    """


class TargetNotCovered(Invalid):
    """The repository cannot restore to {target}: it has {held}. Nothing was changed."""


class RecoveryFailed(Unavailable):
    """The restored server did not come up ({reason}). What was there before is as it was."""


class RestoreElsewhere(Invalid):
    """The server in ROLLBOOK_DATABASE_URL is not run by Rollbook, which cannot put its files in place.

    Restore into a folder (--into DIR) and let its administrator start that.
    """


class FolderNotEmpty(Conflict):
    """{folder} is not empty; nothing was changed. Name a folder that is empty or not there yet."""


class NotPhysical(Invalid):
    """The backup {backup_id} was made by pg_dump: it holds one moment, and no server's files.

    Leave out --to and --into, or name one that is 'base' or 'incremental' in `rollbook backup list`.
    """


class NoBackup(Invalid):
    """The repository has no backup of a server's files. Make one: `rollbook backup create --base`."""


class WalBusy(Conflict):
    """Another process archives this server's log already (process {process})."""


class LogDiffers(Conflict):
    """The repository has another {name} of this server's log, in {where}, which is not written over.

    Two servers that were one (a copy, a restore elsewhere) write there: name another ROLLBOOK_BACKUP_URL for
    this one, and make a base backup there.
    """


class TimelineUnknown(Invalid):
    """The backup {backup_id} does not lead to timeline {timeline}. Those it leads to: {known}."""


class CopyOfReplica(Invalid):
    """The server that backups are to be made of is a replica: it can name no restore point.

    Name its primary in ROLLBOOK_BACKUP_DATABASE_URL.
    """


class TablespacesThere(Invalid):
    """Tablespaces are not copied, and this server has some: {names}.

    Move what is in them (ALTER TABLE ... SET TABLESPACE pg_default) and drop them, or make dumps:
    `rollbook backup create --full`.
    """


class WalSlotUnavailable(Unavailable):
    """The server lends no slot for its log ({reason}).

    Set max_replication_slots and max_wal_senders to 10 or more there.
    """


class WalReceiverFailed(Unavailable):
    """The server's log cannot be received ({reason}).

    It is tried again; nothing is lost while the slot holds it.
    """


class PointInvalid(Invalid):
    """A restore point's name is up to 63 letters, digits, dots, dashes and underscores; '{name}' is not."""


class PointTaken(Conflict):
    """There is a restore point '{name}' already. Choose another name."""

"""What can go wrong with the server, each with what to do about it."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rollbook.core.errors import Conflict, Forbidden, Invalid, Unavailable


class NoServerPrograms(Unavailable):
    """No PostgreSQL 15 or later here.

    Install it (`apt-get install postgresql`) or set ROLLBOOK_DATABASE_URL.
    """


class ServerProgramsUnfit(Invalid):
    """{directory} holds no PostgreSQL 15 or later: it needs initdb and postgres.

    Check ROLLBOOK_DATABASE_BIN.
    """


class FolderUnreachable(Unavailable):
    """Run by root, the server drops to '{account}', who may not enter {directory}.

    Set ROLLBOOK_HOME to a folder that everybody may enter, such as /var/lib/rollbook.
    """


class FolderNotWritable(Forbidden):
    """{path} cannot be written: {reason}. Set ROLLBOOK_HOME to a folder of your own."""


class DiskFull(Unavailable):
    """No space left for the server in {home}.

    Nothing is lost: free some space, then run `rollbook up` again.
    """


class WrongMajorVersion(Conflict):
    """The data in {data} was made by PostgreSQL {found}, these programs are {wanted}.

    It is untouched: set ROLLBOOK_DATABASE_BIN to the programs of PostgreSQL {found}, or ROLLBOOK_HOME to
    another folder.
    """


class DataFolderForeign(Conflict):
    """{data} is not empty and holds no PostgreSQL data.

    It is untouched: move it away, or set ROLLBOOK_HOME.
    """


class PortInUse(Conflict):
    """Port {port} is in use by {user}. Stop that, or set ROLLBOOK_DATABASE_PORT to another port."""


class ServerBusy(Unavailable):
    """Another `rollbook up` or `down` has been at work in {home} for {seconds} s.

    Wait for it, then try again.
    """


class ServerOutOfSight(Unavailable):
    """A server runs on {home} whose processes cannot be seen from here, as in another container.

    Stop it there: two servers on one folder would destroy what it holds.
    """


class OrphansRunning(Unavailable):
    """The server died but its processes {pids} still use {data}.

    Stop them, then run `rollbook up` again.
    """


class InitFailed(Unavailable):
    """PostgreSQL could not make its data directory ({reason})."""


class ServerDidNotStart(Unavailable):
    """PostgreSQL did not start: {reason} See {log}."""


class ServerStillStarting(Unavailable):
    """PostgreSQL (process {pid}) is still starting after {seconds} s; its log is {log}.

    Run `rollbook up` again.
    """


class ServerStillStopping(Unavailable):
    """PostgreSQL (process {pid}) is still stopping after {seconds} s; its log is {log}.

    Run `rollbook down` again.
    """


class NotYourServer(Forbidden):
    """The server in {home} belongs to another account; use that account, or root."""


class ServerNotRunning(Unavailable):
    """The server is not running. Start it with `rollbook up`."""


class ServerNotReady(Unavailable):
    """The server answers, but the passwords of Rollbook's roles on it are not here. Run `rollbook up`."""


class SecretsUnreadable(Forbidden):
    """The passwords in {path} cannot be read: {reason}.

    Use the account that ran `rollbook up`, or root.
    """


class SecretsMissing(Unavailable):
    """There is data in {home}, but {path} with its passwords is missing. Put it back from a backup."""


class SecretsWrong(Unavailable):
    """The passwords in {path} are not those of the server in {home}.

    Put the right file back from a backup.
    """


class LogElsewhere(Invalid):
    """The server in ROLLBOOK_DATABASE_URL is not run by Rollbook; ask whoever runs it for its log."""


class ExternalUnreachable(Unavailable):
    """The server in ROLLBOOK_DATABASE_URL does not answer ({reason})."""


class ExternalUrlInvalid(Invalid):
    """{name} is not a PostgreSQL URL: write postgresql://role:password@host:5432/database.

    In the password, write what is neither letter nor digit as %XX: an @ as %40, a / as %2F.
    """


class ExternalTooOld(Unavailable):
    """The server in ROLLBOOK_DATABASE_URL is PostgreSQL {version}; Rollbook needs 15 or later."""


class AppRoleTooPowerful(Forbidden):
    """'{role}' in ROLLBOOK_DATABASE_URL {why}.

    Nothing would hide one tenant's rows from another: name a plain role there, or leave
    ROLLBOOK_OWNER_URL out and let `rollbook up` make one.
    """


class ExternalRoleTooWeak(Forbidden):
    """'{role}' in ROLLBOOK_DATABASE_URL may not set up Rollbook ({reason}).

    Name a superuser or the database's owner with CREATEROLE, or make both roles yourself and set
    ROLLBOOK_OWNER_URL too.
    """


class RoleTaken(Conflict):
    """The role '{role}' exists on {server}, but its password is not in {path}.

    Copy that file from the folder that made the role, or drop the role.
    """


class AppRoleLacksGrants(Forbidden):
    """'{role}' in ROLLBOOK_DATABASE_URL is not a member of rollbook_app, the role that migrations grant to.

    Have the owner run: CREATE ROLE rollbook_app NOLOGIN; GRANT rollbook_app TO {role};
    """


class LoginTaken(Conflict):
    """The server already has a role '{name}'. Choose another name; nothing was changed."""


class LoginNotPlain(Forbidden):
    """'{name}' cannot be a BI role: it has to be a member of rollbook_bi, and of nothing that has powers."""


class RolesMadeElsewhere(Forbidden):
    """Roles of this server are made by its administrator, not by Rollbook: ROLLBOOK_OWNER_URL is set.

    Let them run: CREATE ROLE {name} LOGIN PASSWORD '...'; GRANT rollbook_bi TO {name}; then say --existing.
    """


class ScratchFailed(Unavailable):
    """A scratch server could not be made ({reason}). The real database is as it was."""


class MigrationBusy(Unavailable):
    """Another migration of this database has been running for {seconds} s. Wait for it, then try again."""


class MigrationFailed(Conflict):
    """The migration {step} failed: {reason}. It left nothing behind; those before it are done."""


class MigrationBlocked(Unavailable):
    """The migration {step} found no moment in {seconds} s to get its locks; held by process: {holders}.

    It left nothing behind; those before it are done. Try again when they have ended, or with more --patience.
    """


class ResetUnnamed(Forbidden):
    """The server in ROLLBOOK_DATABASE_URL is not run by Rollbook.

    To drop all that Rollbook has there, name its database: --database {database}.
    """


class RevisionUnknown(Invalid):
    """There is no way to revision '{revision}' ({reason}). `rollbook db status` lists the revisions."""


class SchemaNewer(Conflict):
    """The database is at revision {revision}, unknown to this release of Rollbook: install a newer one."""


@contextmanager
def file_errors(home: Path) -> Iterator[None]:
    """Turn the operating system's errors about files below ``home`` into ours."""
    try:
        yield
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise DiskFull(home=home) from error
        if (
            isinstance(error, PermissionError | NotADirectoryError | FileExistsError)
            or error.errno == errno.EROFS
        ):
            raise FolderNotWritable(path=error.filename or home, reason=error.strerror) from error
        raise

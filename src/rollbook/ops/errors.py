"""What can go wrong with the server, each with what to do about it."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rollbook.core.errors import Conflict, Forbidden, Invalid, Unavailable


class NoServerPrograms(Unavailable):
    """No PostgreSQL 15 or later here. Install it (`apt-get install postgresql`) or set ROLLBOOK_DATABASE_URL."""


class ServerProgramsUnfit(Invalid):
    """{directory} holds no PostgreSQL 15 or later: it needs initdb and postgres. Check ROLLBOOK_DATABASE_BIN."""


class FolderUnreachable(Unavailable):
    """Run as root, the server drops to '{account}', which may not enter {directory}. Set ROLLBOOK_HOME to a folder
    that everybody may enter, such as /var/lib/rollbook."""


class FolderNotWritable(Forbidden):
    """{path} cannot be written: {reason}. Set ROLLBOOK_HOME to a folder of your own."""


class DiskFull(Unavailable):
    """No space left for the server in {home}. Nothing is lost: free some space, then run `rollbook up` again."""


class WrongMajorVersion(Conflict):
    """The data in {data} was made by PostgreSQL {found}, these programs are {wanted}. It is untouched: set
    ROLLBOOK_DATABASE_BIN to the programs of PostgreSQL {found}, or ROLLBOOK_HOME to another folder."""


class DataFolderForeign(Conflict):
    """{data} is not empty and holds no PostgreSQL data. It is untouched: move it away, or set ROLLBOOK_HOME."""


class PortInUse(Conflict):
    """Port {port} is in use by {user}. Stop that, or set ROLLBOOK_DATABASE_PORT to another port."""


class ServerBusy(Unavailable):
    """Another `rollbook up` or `down` has been at work in {home} for {seconds} s. Wait for it, then try again."""


class OrphansRunning(Unavailable):
    """The server died but its processes {pids} still use {data}. Stop them, then run `rollbook up` again."""


class InitFailed(Unavailable):
    """initdb failed: {reason}"""


class ServerDidNotStart(Unavailable):
    """PostgreSQL did not start: {reason} See {log}."""


class ServerStillStarting(Unavailable):
    """PostgreSQL (process {pid}) is still starting after {seconds} s; its log is {log}. Run `rollbook up` again."""


class ServerStillStopping(Unavailable):
    """PostgreSQL (process {pid}) is still stopping after {seconds} s; its log is {log}. Run `rollbook down` again."""


class NotYourServer(Forbidden):
    """The server in {home} belongs to another account; use that account, or root."""


class ServerNotRunning(Unavailable):
    """The server is not running. Start it with `rollbook up`."""


class SecretsUnreadable(Forbidden):
    """The passwords in {path} cannot be read: {reason}. Use the account that ran `rollbook up`, or root."""


class SecretsMissing(Unavailable):
    """There is data in {home}, but {path} with its passwords is missing. Put it back from a backup."""


class ExternalUnreachable(Unavailable):
    """The server in ROLLBOOK_DATABASE_URL does not answer: {reason}"""


class ExternalTooOld(Unavailable):
    """The server in ROLLBOOK_DATABASE_URL is PostgreSQL {version}; Rollbook needs 15 or later."""


class AppRoleTooPowerful(Forbidden):
    """'{role}' in ROLLBOOK_DATABASE_URL {why}, so nothing would hide one tenant's rows from another. Name a plain
    role there, or leave ROLLBOOK_OWNER_URL out and let `rollbook up` make one."""


class ExternalRoleTooWeak(Forbidden):
    """'{role}' in ROLLBOOK_DATABASE_URL may not set up Rollbook: {reason}. Name a superuser or the database's owner
    with CREATEROLE, or make both roles yourself and set ROLLBOOK_OWNER_URL too."""


class RoleTaken(Conflict):
    """The role '{role}' exists on {server}, but its password is not in {path}. Copy that file from the folder that
    made the role, or drop the role."""


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

"""Replicas on this machine: copied from the running primary, started, stopped, removed."""

import re
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from psycopg import sql

from rollbook.core.progress import Report
from rollbook.core.settings import Settings
from rollbook.ops import postmaster, roles, server
from rollbook.ops.binaries import find_binaries
from rollbook.ops.cluster import Cluster, server_environment
from rollbook.ops.embedded import PASSWORDS_OF, connect_as_superuser, home_of, start_on_a_port
from rollbook.ops.errors import ServerNotRunning, ServerStillStopping
from rollbook.ops.home import Home, sync_folder
from rollbook.ops.ports import HOST
from rollbook.ops.privileges import server_account
from rollbook.ops.replicas.errors import (
    CopyFailed,
    ReplicaElsewhere,
    ReplicaExists,
    ReplicaNameInvalid,
    ReplicaNotFound,
    SlotInUse,
)

REPLICATOR: Final = "rollbook_replica"
FOLDER: Final = "replicas"
KEEP_GB: Final = 10
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9_]{0,31}")
_MB_OF_GB: Final = 1024
_SLOT_FREE_WITHIN_S: Final = 20


@dataclass(frozen=True, slots=True)
class Replica:
    """A replica of the server of ``primary``, in a folder of its own below that one's."""

    name: str
    primary: Home

    @property
    def home(self) -> Home:
        """Where its data, log and socket are."""
        return Home(self.primary.path / FOLDER / self.name)

    @property
    def slot(self) -> str:
        """The primary's slot for it."""
        return f"rollbook_{self.name}"

    @property
    def copying(self) -> Path:
        """Where its data are until they are whole."""
        return self.home.path / "copying"

    @property
    def is_wanted(self) -> bool:
        """Whether it is to run with the primary: nobody has stopped it on purpose."""
        return bool(self.home.recall().get("is_wanted", True))

    @property
    def pass_file(self) -> Path:
        """The password by which it follows, for the server's account alone."""
        return self.home.path / "pgpass"


def every_replica(settings: Settings) -> list[Replica]:
    """Return the replicas on this machine, by name."""
    home = home_of(settings)
    found = sorted((home.path / FOLDER).glob("*/data"))
    return [Replica(data.parent.name, home) for data in found]


def find(settings: Settings, name: str) -> Replica:
    """Return the replica of this name.

    Raises: ``ReplicaElsewhere``; ``ReplicaNotFound``.
    """
    require_ours(settings)
    for replica in every_replica(settings):
        if replica.name == name:
            return replica
    raise ReplicaNotFound(name=name[:40], home=home_of(settings).path)


def require_ours(settings: Settings) -> None:
    """Make sure that we run the primary.

    Raises: ``ReplicaElsewhere``.
    """
    if server.is_external(settings):
        raise ReplicaElsewhere


def add(
    settings: Settings, name: str, report: Report, *, keep_gb: int | None = None, durable: bool = True
) -> Replica:
    """Copy the running primary, and let the copy follow it; the primary works on meanwhile.

    Units:  ``keep_gb``: so much is kept for replicas that do not follow; one that needs more is lost. Where
            it is not said, the server's setting stands, or is bounded if it has no bound.
    Raises: ``ReplicaElsewhere``; ``ReplicaNameInvalid``; ``ReplicaExists``; ``ServerNotRunning``;
            ``CopyFailed``.
    """
    require_ours(settings)
    if not _NAME.fullmatch(name):
        raise ReplicaNameInvalid(name=name[:40])
    replica = Replica(name, home_of(settings))
    replica.home.make()
    with replica.home.locked(report):
        if replica.home.data.exists():
            raise ReplicaExists(name=name)
        _prepare_primary(settings, keep_gb)
        report.step("Copying the primary")
        with _all_or_nothing(settings, replica):
            _copy(settings, replica, durable=durable)
            replica.copying.rename(replica.home.data)
            sync_folder(replica.home.path)
        _start(settings, replica, report, durable=durable)
    return replica


def start(settings: Settings, replica: Replica, report: Report, *, durable: bool = True) -> None:
    """Start a replica unless it runs; from now on it runs with the primary."""
    with replica.home.locked(report):
        replica.home.remember(is_wanted=True)
        run(settings, replica, report, durable=durable)


def run(settings: Settings, replica: Replica, report: Report, *, durable: bool = True) -> None:
    """Let a replica run, whose lock is held."""
    if postmaster.find_postmaster(replica.home.data) is None:
        _start(settings, replica, report, durable=durable)


def stop(replica: Replica, report: Report) -> bool:
    """Stop a replica, until it is started on purpose; return whether it ran.

    Raises: ``ServerStillStopping``.
    """
    with replica.home.locked(report):
        replica.home.remember(is_wanted=False)
        return halt(replica.home)


def halt(home: Home) -> bool:
    """Stop the server in ``home``, whose lock is held; return whether one ran.

    Raises: ``ServerStillStopping``.
    """
    found = postmaster.find_postmaster(home.data)
    if found is None:
        return False
    if not postmaster.stop(found.pid, home.path, timeout_s=server.STOP_TIMEOUT_S):
        raise ServerStillStopping(pid=found.pid, seconds=server.STOP_TIMEOUT_S, log=home.log)
    return True


def remove(settings: Settings, replica: Replica, report: Report) -> None:
    """Stop a replica and remove all of it, its slot on the primary too."""
    with replica.home.locked(report):
        halt(replica.home)
        forget_slot(settings, replica)
        shutil.rmtree(replica.home.path)


def forget_slot(settings: Settings, replica: Replica) -> None:
    """Drop the replica's slot, where the primary runs and has one.

    It may be in use for a moment after the replica has ended. Raises: ``SlotInUse``.
    """
    try:
        with connect_as_superuser(settings) as db:
            deadline = time.monotonic() + _SLOT_FREE_WITHIN_S
            while not _drop_slot(db, replica.slot):
                if time.monotonic() > deadline:
                    raise SlotInUse(slot=replica.slot)
                time.sleep(0.05)
    except ServerNotRunning:
        return


def _drop_slot(db: roles.Connection, slot: str) -> bool:
    """Drop a slot unless it is in use; return whether it is gone."""
    found = db.execute("SELECT active FROM pg_replication_slots WHERE slot_name = %s", [slot]).fetchone()
    if found == (False,):
        db.execute("SELECT pg_drop_replication_slot(%s)", [slot])
    return found != (True,)


def cluster_of(settings: Settings, home: Home, *, durable: bool = True) -> Cluster:
    """Return the data directory of ``home`` with the programs and the account that run it."""
    binaries = find_binaries(settings.database_bin)
    account = server_account(home.data, [Path(binaries.program("postgres")), home.path])
    return Cluster(home, binaries, account, durable=durable)


def _prepare_primary(settings: Settings, keep_gb: int | None) -> None:
    """Make the role that replicas follow as, and bound what is kept for one that does not follow."""
    home = home_of(settings)
    password = home.make_passwords(PASSWORDS_OF, (REPLICATOR,))[REPLICATOR]
    with connect_as_superuser(settings) as db:
        known = db.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [REPLICATOR]).fetchone()
        verb = "ALTER ROLE" if known else "CREATE ROLE"
        db.execute(
            sql.SQL(
                verb + " {} LOGIN REPLICATION NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS PASSWORD {}"
            ).format(sql.Identifier(REPLICATOR), sql.Literal(roles.verifier(db, REPLICATOR, password)))
        )
        if keep_gb or db.execute("SHOW max_slot_wal_keep_size").fetchone() == ("-1",):
            size = sql.Literal(f"{(keep_gb or KEEP_GB) * _MB_OF_GB}MB")
            db.execute(sql.SQL("ALTER SYSTEM SET max_slot_wal_keep_size = {}").format(size))
            db.execute("SELECT pg_reload_conf()")


@contextmanager
def _all_or_nothing(settings: Settings, replica: Replica) -> Iterator[None]:
    try:
        yield
    except BaseException:
        shutil.rmtree(replica.copying, ignore_errors=True)
        with suppress(SlotInUse):  # the next `add` drops it
            forget_slot(settings, replica)
        raise


def _copy(settings: Settings, replica: Replica, *, durable: bool) -> None:
    found = postmaster.find_postmaster(replica.primary.data)
    if found is None:
        raise ServerNotRunning
    # what an `add` that was killed left
    shutil.rmtree(replica.copying, ignore_errors=True)
    forget_slot(settings, replica)
    cluster = cluster_of(settings, replica.primary)
    cluster.account.own(replica.home.path, 0o711 if cluster.account.is_dropped else 0o700)
    password = replica.primary.passwords(PASSWORDS_OF)[REPLICATOR]
    replica.pass_file.touch(mode=0o600)
    replica.pass_file.write_text(f"*:*:*:{REPLICATOR}:{password}\n", encoding="utf-8")
    cluster.account.own(replica.pass_file, 0o600)
    done = cluster.account.run(
        [
            cluster.binaries.program("pg_basebackup"),
            f"--pgdata={replica.copying}",
            f"--dbname={conninfo(replica, found.port)}",
            *("--create-slot", f"--slot={replica.slot}", "--wal-method=stream", "--checkpoint=fast"),
            *("--write-recovery-conf", "--no-password", *([] if durable else ["--no-sync"])),
        ],
        env=server_environment(),
    )
    if done.returncode != 0:
        raise CopyFailed(reason=" ".join(done.stderr.split()) or f"exit code {done.returncode}")


def conninfo(replica: Replica, port: int) -> str:
    """Return how the replica reaches a primary on ``port``; its password stands in a file."""
    escaped = str(replica.pass_file).replace("\\", "\\\\").replace("'", "\\'")
    name = f"application_name={replica.slot}"
    return f"host={HOST} port={port} user={REPLICATOR} passfile='{escaped}' {name}"


def _start(settings: Settings, replica: Replica, report: Report, *, durable: bool) -> None:
    cluster = cluster_of(settings, replica.home, durable=durable)
    replica.home.remember(kind=cluster.binaries.kind, version=cluster.binaries.version)
    report.step(f"Starting the replica {replica.name}")
    started = start_on_a_port(None, cluster, report)
    replica.home.remember(port=started.port)
    _follow(replica)


def _follow(replica: Replica) -> None:
    """Let the replica follow the primary at the port that it has now."""
    primary = postmaster.find_postmaster(replica.primary.data)
    if primary is None:
        return
    wanted = conninfo(replica, primary.port)
    with connect(replica) as db:
        row = db.execute("SELECT pg_is_in_recovery(), current_setting('primary_conninfo')").fetchone()
        if row and row[0] and f"port={primary.port} " not in f"{str(row[1]).replace(chr(39), '')} ":
            db.execute(sql.SQL("ALTER SYSTEM SET primary_conninfo = {}").format(sql.Literal(wanted)))
            db.execute("SELECT pg_reload_conf()")


def connect(replica: Replica) -> roles.Connection:
    """Return a connection to the replica as the superuser, for ops alone."""
    known = replica.home.recall()
    password = replica.primary.passwords(PASSWORDS_OF)["postgres"]
    return roles.Place(str(known.get("socket_folder", HOST)), int(known["port"])).connect(
        "postgres", password, "postgres"
    )

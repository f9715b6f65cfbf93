"""A server that was backed up while it was written to, its log archived: what is restored in these tests."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from ops.real_server import admin, settings_of
from rollbook.core import clock
from rollbook.core.progress import Silent
from rollbook.core.settings import Settings
from rollbook.ops.backup.manifest import Backup
from rollbook.ops.backup.vault import Vault, open_vault
from rollbook.ops.recovery import physical, wal_receiver
from rollbook.ops.recovery.lsn import parse_lsn
from rollbook.ops.recovery.points import make_point
from rollbook.ops.recovery.proofs import Proof
from rollbook.ops.recovery.scratch import Scratch
from rollbook.ops.recovery.targets import ranges

EVERY_S = 0.5


class Said(Silent):
    """Keeps what work says of itself."""

    def __init__(self) -> None:
        self.titles: list[str] = []

    def step(self, title: str, total: float | None = None) -> None:  # noqa: ARG002 -- a Report has it
        self.titles.append(title)


@dataclass
class Chain:
    """A backed up server that still runs: its backups, and the moments between them by name."""

    settings: Settings
    vault: Vault
    backups: list[Backup] = field(default_factory=list)
    moments: dict[str, str] = field(default_factory=dict)

    def copied(self, folder: Path) -> "Chain":
        """The repository and the key, without the server, on another machine."""
        import shutil  # noqa: PLC0415 -- only here

        home = folder / "elsewhere"
        home.mkdir(mode=0o755)
        shutil.copytree(self.settings.home / "backups", home / "backups")
        shutil.copy2(self.settings.home / "backup.key", home / "backup.key")
        settings = settings_of(home)
        return replace(self, settings=settings, vault=open_vault(settings))


def vault_of(settings: Settings) -> Vault:
    return open_vault(settings, tell=lambda _: None)


def create(settings: Settings, vault: Vault, how: physical.How = "auto") -> Backup:
    return physical.create(settings, vault, how)


def make_chain(settings: Settings) -> Chain:
    """Back up, write, drop a table by mistake, go on writing; the log is archived all the while."""
    chain = Chain(settings, vault_of(settings))
    with archiving(settings, chain.vault), writing(settings):
        wait_for_slot(settings)
        _name_roles(settings)
        write(settings, "base")
        chain.backups.append(create(settings, chain.vault))
        write(settings, "first")
        chain.backups.append(create(settings, chain.vault))
        write(settings, "second")
        chain.backups.append(create(settings, chain.vault))
        _go_on(chain)
    return chain


def _name_roles(settings: Settings) -> None:
    """Have roles as on a server where somebody else named them."""
    with admin(settings) as db:
        db.execute("CREATE ROLE school_app LOGIN")
        db.execute("CREATE ROLE school_owner LOGIN")
        db.execute("GRANT CONNECT ON DATABASE rollbook TO school_app, school_owner")


def _go_on(chain: Chain) -> None:
    settings = chain.settings
    with admin(settings) as db:
        db.execute("CREATE TABLE precious AS SELECT generate_series(1, 100) AS n")
        chain.moments["before the mistake"] = str(one(db, "SELECT clock_timestamp()"))
        db.execute("DROP TABLE precious")
        write(settings, "mistake")
        chain.moments["lsn"] = str(one(db, "SELECT pg_current_wal_lsn()"))
        write(settings, "after")
    make_point(settings, chain.vault, "before-import")
    write(settings, "import")
    wait_until_archived(settings, chain.vault)


def some_proof() -> Proof:
    at = clock.now()
    return Proof(
        backup_id="one",
        backup_at=at,
        chain=1,
        began_at=at,
        ended_at=at,
        is_proven=True,
        findings=(),
        rto_s=1.5,
        rpo_s=0.5,
        lsn="0/3000000",
        was_at=at,
        bytes=1,
        tables=1,
        rows=1,
        not_compared=None,
    )


def one(db: object, query: str) -> object:
    return db.execute(query).fetchone()[0]  # type: ignore[attr-defined]  # a connection


def write(settings: Settings, value: str) -> None:
    with admin(settings) as db:
        db.execute("CREATE TABLE IF NOT EXISTS proof (value text, told json)")
        db.execute("INSERT INTO proof VALUES (%s, '{}')", [value])


def values(scratch: Scratch) -> list[str]:
    with scratch.connect("rollbook") as db:
        return [str(value) for (value,) in db.execute("SELECT value FROM proof")]


@contextmanager
def writing(settings: Settings) -> Iterator[None]:
    """Write short transactions all the while, as pages do."""
    ends = threading.Event()
    with admin(settings) as db:
        db.execute("CREATE TABLE busy (n bigint GENERATED ALWAYS AS IDENTITY, at timestamptz DEFAULT now())")

    def write_on() -> None:
        with admin(settings) as db:
            while not ends.wait(0.01):
                db.execute("INSERT INTO busy DEFAULT VALUES")

    with _thread(write_on, ends.set):
        yield


@contextmanager
def archiving(settings: Settings, vault: Vault, said: Said | None = None) -> Iterator[Said]:
    """Archive the log while the block runs."""
    ends, told = threading.Event(), said or Said()
    failed: list[BaseException] = []

    def archive() -> None:
        try:
            wal_receiver.archive(settings, replace(vault, report=told), ends, every_s=EVERY_S)
        except BaseException as error:  # noqa: BLE001 -- raised where the test sees it
            failed.append(error)

    with _thread(archive, ends.set):
        yield told
    assert not failed, failed


@contextmanager
def _thread(work: Callable[[], None], end: Callable[[], None]) -> Iterator[None]:
    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        end()
        thread.join()


def wait_for_slot(settings: Settings) -> None:
    with admin(settings) as db:
        wait_until(lambda: bool(one(db, "SELECT count(*) FROM pg_replication_slots WHERE active")))


def wait_until_archived(settings: Settings, vault: Vault) -> None:
    """Wait until all that was written by now is in the repository."""
    with admin(settings) as db:
        lsn = parse_lsn(str(one(db, "SELECT pg_current_wal_flush_lsn()")))
    wait_until(lambda: max(one.end for one in ranges(vault, vault.catalog().backups).values()) >= lsn)


def wait_until(is_so: Callable[[], bool]) -> None:
    while not is_so():
        time.sleep(0.02)

"""The log is archived without a gap, through crashes and full disks; a gap that cannot be helped is told."""

import os
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from ops.real_server import admin, clean_environment, run_rollbook, settings_of
from ops.recovery.chains import (
    archiving,
    create,
    vault_of,
    wait_for_slot,
    wait_until,
    wait_until_archived,
    write,
)
from ops.small_disk import CannotMountError, small_disk
from rollbook.core.checks import Checked, State
from rollbook.core.settings import Settings
from rollbook.ops import server
from rollbook.ops.backup.vault import Vault
from rollbook.ops.recovery import health
from rollbook.ops.recovery.errors import PointInvalid
from rollbook.ops.recovery.points import make_point
from rollbook.ops.recovery.targets import ranges
from rollbook.ops.recovery.wal_slot import slot_state
from rollbook.ops.watch.measures import Seen, take, watching

SMALLER_THAN_A_SEGMENT = 8_000_000
# `rollbook backup wal`, less patient
ARCHIVE = """
from threading import Event
from rollbook.core.progress import progress_bar
from rollbook.core.settings import settings
from rollbook.ops.backup.vault import open_vault
from rollbook.ops.recovery.wal_receiver import archive
with progress_bar() as report:
    archive(settings(), open_vault(settings(), report), Event(), every_s=0.1)
"""


def test_the_log_is_archived_through_crashes_and_a_full_disk(running: Settings) -> None:
    (found,) = health.look_over(running)
    assert (found.name, found.state) == ("backup", State.WARNING), "nothing was ever backed up"
    vault = vault_of(running)
    with archive(running) as first:
        wait_for_slot(running)
        create(running, vault)
        beside = run_rollbook("backup", "wal", home=running.home)
        assert beside.returncode == 1
        assert "archives this server's log already" in beside.stderr
        write_segments(running, 2)
        kill(first)
    write_segments(running, 2)
    with full_disk(running) as second:
        assert told(second), "it says that it cannot"
    with archive(running):
        wait_until_archived(running, vault)
        assert gap(vault) is None
        looked = {checked.name: checked.state for checked in health.look_over(running)}
        assert (looked["log"], looked["log-slot"]) == (State.FINE, State.FINE)
        seen = seen_by_the_owner(running)
        assert seen.one("replication") == {"replicas": 0, "lag_bytes": 0, "lag_seconds": 0}, "it is no copy"
        assert [row["name"] for row in seen.all("replicas")] == ["pg_receivewal"]
        done = run_rollbook("backup", "wal", "--stop", "--json", home=running.home)
        assert done.returncode == 0, done.stderr
    with admin(running) as db:
        assert slot_state(db) is None, "the server keeps nothing for it"


def seen_by_the_owner(at: Settings) -> Seen:
    with watching(server.status(at).owner_url) as db:
        return take(db)


def test_a_dead_slot_is_bounded_told_and_replaced(running: Settings) -> None:
    vault = vault_of(running)
    with admin(running) as db:
        db.execute("ALTER SYSTEM SET max_slot_wal_keep_size = '64MB'")
        db.execute("ALTER SYSTEM SET min_wal_size = '32MB'")
        db.execute("ALTER SYSTEM SET max_wal_size = '32MB'")
        db.execute("SELECT pg_reload_conf()")
    with archiving(running, vault):
        wait_for_slot(running)
        create(running, vault)
    assert states(running, vault)["log-slot"] == State.WARNING, "nobody reads it"
    while states(running, vault)["log-slot"] != State.WRONG:
        write_segments(running, 2)
        with admin(running) as db:
            db.execute("CHECKPOINT")
    with archiving(running, vault) as said:
        wait_for_slot(running)
        assert any("make a backup" in title for title in said.titles)
        write_segments(running, 2)
        wait_until(lambda: gap(vault) is not None)
        assert states(running, vault)["log"] == State.WRONG
        create(running, vault)
        wait_until_archived(running, vault)
        assert gap(vault) is None, "of the newest backup"
        assert states(running, vault)["log"] == State.FINE


@contextmanager
def archive(settings: Settings, most_bytes: int | None = None) -> Iterator[subprocess.Popen[str]]:
    """Archive in a process of its own, that may write files of ``most_bytes``."""
    process = subprocess.Popen(
        [sys.executable, "-c", ARCHIVE],
        env=clean_environment(settings.home),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=(lambda: limit(most_bytes)) if most_bytes else None,  # noqa: PLW1509 -- no threads run
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)


@contextmanager
def full_disk(settings: Settings) -> Iterator["subprocess.Popen[str]"]:
    """Archive where what is received finds no room: on a small disk, else by a limit of the process."""
    (spool,) = (settings.home / "wal-spool").iterdir()
    with ExitStack() as held:
        try:
            held.enter_context(small_disk(spool, "8m"))
        except CannotMountError:
            yield held.enter_context(archive(settings, most_bytes=SMALLER_THAN_A_SEGMENT))
        else:
            yield held.enter_context(archive(settings))


def limit(most_bytes: int) -> None:
    """Fail writes beyond, as a full disk does; the signal that comes with it is none of theirs."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most_bytes, most_bytes))


def told(process: "subprocess.Popen[str]") -> str:
    assert process.stderr is not None
    for line in process.stderr:
        if "cannot be received" in line:
            return line
    return ""


def kill(process: "subprocess.Popen[str]") -> None:
    os.kill(process.pid, signal.SIGKILL)
    process.wait()


def write_segments(settings: Settings, count: int) -> None:
    for _ in range(count):
        write(settings, "more")
        with admin(settings) as db:
            db.execute("SELECT pg_switch_wal()")


def gap(vault: Vault) -> str | None:
    backups = vault.catalog().backups
    return ranges(vault, backups)[backups[-1].backup_id].missing


def states(settings: Settings, vault: Vault) -> dict[str, State]:
    with admin(settings) as db:
        found: list[Checked] = health.judge(vault, slot_state(db))
    return {checked.name: checked.state for checked in found}


@pytest.mark.parametrize("name", ["with space", "x" * 64, "", "-rf", "a/b"])
def test_a_restore_point_is_named_plainly(tmp_path: Path, name: str) -> None:
    settings = settings_of(tmp_path)
    with pytest.raises(PointInvalid):
        make_point(settings, vault_of(settings), name)

"""A restore takes the place of the server's data only when it is proven, and puts the old beside."""

import json
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ops.real_server import admin, rows, settings_of, write_a_row
from ops.recovery.chains import create, vault_of
from rollbook.core.settings import Settings
from rollbook.ops import server, swap
from rollbook.ops.backup.vault import Vault, open_vault
from rollbook.ops.embedded import home_of
from rollbook.ops.home import Home
from rollbook.ops.recovery.errors import TargetNotCovered
from rollbook.ops.recovery.restoring import restore_home
from rollbook.ops.recovery.targets import parse_target, plan


def test_a_restore_swaps_and_keeps_what_was_there(running: Settings, open_folder: Path) -> None:
    vault = vault_of(running)
    write_a_row(running, "before")
    backup = create(running, vault)
    write_a_row(running, "after")
    pid = server.status(running).pid
    with pytest.raises(TargetNotCovered):
        restore_home(running, vault, to=parse_target("2100-01-01T00:00:00Z"))
    assert server.status(running).pid == pid, "nothing was touched"

    done = restore_home(running, vault, backup.backup_id)

    assert rows(running) == ["before"]
    assert done.aside is not None
    assert (done.aside / "PG_VERSION").is_file()
    assert swap.set_aside(home_of(running)) == [done.aside]
    with admin(running) as db:
        assert db.execute("SELECT timeline_id FROM pg_control_checkpoint()").fetchone() == (2,)
    again = create(running, vault)
    assert again.timeline == 2, "backups go on"
    aside = _restore_once_more(running, vault, backup.backup_id)
    assert plan(vault, backup.backup_id, parse_target("LATEST")).line == (1, 3)
    assert plan(vault, backup.backup_id, parse_target("LATEST", timeline=2)).line == (1, 2)
    _restore_on_a_fresh_machine(running, open_folder, again.backup_id)
    assert swap.discard(home_of(running)) == [done.aside, aside]
    assert swap.set_aside(home_of(running)) == []


def _restore_once_more(running: Settings, vault: Vault, backup_id: str) -> Path:
    """What the server writes from then on must not take the place of what another backup needs."""
    done = restore_home(running, vault, backup_id)
    with admin(running) as db:
        assert db.execute("SELECT timeline_id FROM pg_control_checkpoint()").fetchone() == (3,)
    write_a_row(running, "on the third timeline")
    assert create(running, vault).kind == "base", "it builds on nothing of another timeline"
    assert done.aside is not None
    return done.aside


def _restore_on_a_fresh_machine(running: Settings, open_folder: Path, backup_id: str) -> None:
    """Where nothing is but the repository and its key."""
    home = open_folder / "fresh"
    home.mkdir(mode=0o755)
    shutil.copytree(running.home / "backups", home / "backups")
    shutil.copy2(running.home / "backup.key", home / "backup.key")
    fresh = settings_of(home)
    done = restore_home(fresh, open_vault(fresh), backup_id)
    assert done.aside is None
    server.up(fresh, durable=False)
    assert rows(fresh) == ["before"]


@pytest.mark.parametrize("killed_after", ["writing it down", "the first rename", "the second rename"])
def test_a_swap_that_was_killed_is_finished(tmp_path: Path, killed_after: str) -> None:
    home, new = Home(tmp_path), tmp_path / "restored-1" / "data"
    for folder, content in ((home.data, "old"), (new, "new")):
        folder.mkdir(parents=True)
        (folder / "content").write_text(content)
    done = swap.swap_for(home, new, datetime(2026, 3, 1, tzinfo=UTC))
    told = {"new": "restored-1/data", "old": done.old.name}
    (tmp_path / "swap.json").write_text(json.dumps(told))
    if killed_after != "writing it down":
        home.data.rename(done.old)
    if killed_after == "the second rename":
        new.rename(home.data)

    swap.finish(home)
    swap.finish(home)

    expected = "old" if killed_after == "writing it down" else "new"
    assert (home.data / "content").read_text() == expected
    assert not (tmp_path / "swap.json").exists()
    if expected == "new":
        assert [(one / "content").read_text() for one in swap.set_aside(home)] == ["old"]

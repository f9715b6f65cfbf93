"""Backups are made side by side; a prune waits for them, and they for it."""

import threading
from pathlib import Path

from ops.real_server import settings_of
from rollbook.core.progress import Silent
from rollbook.ops.backup.turns import making, pruning


class Heard(Silent):
    """Knows when it was told something."""

    def __init__(self) -> None:
        self.titles: list[str] = []
        self.was_told = threading.Event()

    def step(self, title: str, total: float | None = None) -> None:  # noqa: ARG002 -- a Report has it
        self.titles.append(title)
        self.was_told.set()


def test_a_prune_waits_until_no_backup_is_being_made(tmp_path: Path) -> None:
    settings, heard, done = settings_of(tmp_path / "home"), Heard(), list[str]()

    def prune() -> None:
        with pruning(settings, heard):
            done.append("pruned")

    thread = threading.Thread(target=prune)
    with making(settings, Silent()), making(settings, Silent()):
        thread.start()
        heard.was_told.wait()
        done.append("made")
    thread.join()
    assert (done, heard.titles) == (["made", "pruned"], ["Waiting for a backup that is being made"])

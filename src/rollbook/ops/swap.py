"""A restored data directory put in the place of the server's own, which is kept beside.

Two renames cannot be one. What is about to be done is written down first, so that a process that is killed in
between leaves work that the next `up` finishes: there is never neither.
"""

import json
import shutil
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from rollbook.ops.home import Home, sync_folder

INTENT: Final = "swap.json"
_OLD: Final = "data-before-{:%Y%m%dT%H%M%S}"
_OLDS: Final = "data-before-*"


@dataclass(frozen=True, slots=True)
class Swap:
    """What takes the place of the data directory, and where that goes."""

    home: Home
    new: Path
    old: Path

    def do(self) -> None:
        """Swap them; the caller holds the home's lock, and no server runs."""
        _write(self.home, self.new, self.old)
        if self.home.data.exists():
            self.home.data.rename(self.old)
        self.new.rename(self.home.data)
        sync_folder(self.home.path)
        (self.home.path / INTENT).unlink()

    def undo(self) -> None:
        """Put the old one back; the restored one goes to where it came from."""
        _write(self.home, self.old, self.new)
        self.home.data.rename(self.new)
        self.old.rename(self.home.data)
        sync_folder(self.home.path)
        (self.home.path / INTENT).unlink()


def swap_for(home: Home, new: Path, at: datetime) -> Swap:
    """Return the swap of ``new`` for the home's data directory."""
    return Swap(home, new, home.path / _OLD.format(at))


def finish(home: Home) -> None:
    """Finish what a killed swap began: its second rename; the caller holds the home's lock."""
    intent = home.path / INTENT
    if not intent.is_file():
        return
    told = json.loads(intent.read_text(encoding="utf-8"))
    if not home.data.exists():
        new = home.path / told["new"]
        (new if new.exists() else home.path / told["old"]).rename(home.data)
        sync_folder(home.path)
    intent.unlink()


def set_aside(home: Home) -> list[Path]:
    """Return the data directories that restores put aside, oldest first."""
    return sorted(home.path.glob(_OLDS))


def discard(home: Home) -> list[Path]:
    """Remove them; return which."""
    found = set_aside(home)
    for folder in found:
        shutil.rmtree(folder)
    return found


def _write(home: Home, new: Path, old: Path) -> None:
    """Write down what is about to be done, as names below home, on the disk before it is."""
    told = {"new": str(new.relative_to(home.path)), "old": str(old.relative_to(home.path))}
    part = home.path / f".{INTENT}"
    with part.open("w", encoding="utf-8") as file:
        json.dump(told, file)
    sync_folder(part)
    part.rename(home.path / INTENT)
    sync_folder(home.path)

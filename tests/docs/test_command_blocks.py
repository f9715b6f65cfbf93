"""Every command in the README and the how-tos is run, in order, as its reader would."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from docs.blocks import DOCUMENTS, ROOT, Block, blocks
from docs.reader import Reader
from real_students import NEEDS_OULAD, OULAD

BIN = Path(sys.executable).parent
SYSTEM_PATH = "/usr/local/bin:/usr/bin:/bin"
# These import all of OULAD.
LONG = {"oulad.md", "risk.md"}
# Followed by every run; the others by `make test-slow`, since each takes a server of its own.
SHORT = {"server.md"}


def _marks(name: str) -> tuple[pytest.MarkDecorator, ...]:
    slow = () if name in SHORT else (pytest.mark.slow,)
    return (*slow, *NEEDS_OULAD) if name in LONG else slow


FOLLOWED = [
    pytest.param(path, marks=_marks(path.name), id=path.name)
    for path in DOCUMENTS
    if path.name != "README.md"
]


def _blocks(path: Path) -> list[Block]:
    return list(blocks(path.read_text(encoding="utf-8")))


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder of the reader's own, that the server's account may enter too."""
    made = Path(tempfile.mkdtemp(prefix="rollbook-docs-"))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made, ignore_errors=True)


@pytest.fixture
def reader(folder: Path) -> Iterator[Reader]:
    """Somebody who has Rollbook installed, and nothing else."""
    inherited = {name: os.environ[name] for name in ("LD_LIBRARY_PATH",) if name in os.environ}
    home = {"HOME": str(folder), "ROLLBOOK_HOME": str(folder / "home"), "PATH": f"{BIN}:{SYSTEM_PATH}"}
    reader = Reader(folder, inherited | home)
    yield reader
    reader.run("rollbook down")


@pytest.fixture
def clone(folder: Path) -> Iterator[Reader]:
    """Somebody with a clean clone, an empty environment and a new HOME."""
    subprocess.run(["git", "clone", "--quiet", ROOT, folder / "rollbook"], check=True)
    (folder / "home").mkdir()
    yield Reader(folder / "rollbook", {"HOME": str(folder / "home"), "PATH": SYSTEM_PATH})
    subprocess.run(
        [folder / "rollbook/.venv/bin/rollbook", "down"],
        env={"ROLLBOOK_HOME": str(folder / "rollbook/.rollbook"), "PATH": SYSTEM_PATH},
        check=True,
    )


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_every_command_stands_in_a_block_that_is_run(path: Path) -> None:
    shells = {"bash", "sh", "shell", "zsh", "terminal"}

    assert [block.body for block in _blocks(path) if block.language in shells] == [], "call it `console`"
    assert [b.body for b in _blocks(path) if b.language == "console" and not b.commands] == []


@pytest.mark.parametrize("path", FOLLOWED)
def test_a_document_can_be_followed(reader: Reader, path: Path) -> None:
    if path.name in LONG:
        (reader.folder / "oulad").symlink_to(OULAD)

    reader.follow(_blocks(path))


@pytest.mark.slow
def test_the_readme_holds_on_a_clean_clone(clone: Reader) -> None:
    """`make demo` shows its pages, and `make test` sets up what tests need; here it runs a few of them."""
    few = {**clone.environment, "PYTEST_ADDOPTS": "tests/testing tests/core"}

    Reader(clone.folder, few).follow(_blocks(ROOT / "README.md"))

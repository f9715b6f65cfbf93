"""The wheel holds everything that the package needs at run time."""

import subprocess
import sys
import tomllib
from email import message_from_bytes
from email.message import Message
from pathlib import Path
from zipfile import ZipFile

import pytest

from rollbook import __version__

ROOT = Path(__file__).parents[2]
NAME = f"rollbook-{__version__}"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> ZipFile:
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", folder],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    (built,) = folder.glob("*.whl")
    return ZipFile(built)


@pytest.fixture(scope="module")
def metadata(wheel: ZipFile) -> Message:
    return message_from_bytes(wheel.read(f"{NAME}.dist-info/METADATA"))


def test_the_wheel_has_every_file_of_the_package(wheel: ZipFile) -> None:
    source = ROOT / "src"
    files = {
        str(path.relative_to(source))
        for path in (source / "rollbook").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }

    assert files - set(wheel.namelist()) == set()
    assert {Path(name).suffix for name in files} >= {".py", ".sql", ".mako"}


def test_the_wheel_has_nothing_but_the_package(wheel: ZipFile) -> None:
    assert {name.split("/")[0] for name in wheel.namelist()} == {"rollbook", f"{NAME}.dist-info"}


def test_the_wheel_brings_the_command_and_the_pytest_plugin(wheel: ZipFile) -> None:
    points = wheel.read(f"{NAME}.dist-info/entry_points.txt").decode()

    assert "rollbook = rollbook.cli:main" in points
    assert "[pytest11]\nrollbook = rollbook.testing.plugin" in points


def test_the_wheel_says_what_it_is(metadata: Message) -> None:
    assert metadata["Name"] == "rollbook"
    assert metadata["Version"] == __version__
    assert metadata["License-Expression"] == "Apache-2.0"
    assert metadata["Requires-Python"] == ">=3.11"
    assert metadata["Description-Content-Type"] == "text/markdown"


def test_the_wheel_needs_what_pyproject_says(metadata: Message) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

    extras = [need for needs in project["optional-dependencies"].values() for need in needs]

    assert len(metadata.get_all("Requires-Dist") or []) == len(project["dependencies"]) + len(extras)

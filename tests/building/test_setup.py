"""`make setup` goes on where it was interrupted."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def make(checkout: Path, target: str) -> subprocess.CompletedProcess[str]:
    python = Path(sys.base_prefix, "bin", "python3")
    return subprocess.run(
        ["make", "--directory", str(checkout), f"PYTHON={python}", target],
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_virtual_environment_that_was_half_made_is_made_anew(tmp_path: Path) -> None:
    shutil.copy(ROOT / "Makefile", tmp_path)
    shutil.copytree(ROOT / "scripts", tmp_path / "scripts")
    python = tmp_path / ".venv" / "bin" / "python"
    # as a kill leaves it while pip is being put in
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / ".venv"], check=True)
    half = tmp_path / ".venv" / "lib" / "half"
    half.touch()

    made = make(tmp_path, str(python.with_name("pip")))

    assert made.returncode == 0, made.stderr
    assert not half.exists()
    assert subprocess.run([python, "-m", "pip", "--version"], check=False).returncode == 0
    again = make(tmp_path, str(python.with_name("pip")))
    assert "is up to date" in again.stdout

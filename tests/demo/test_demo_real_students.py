"""`rollbook demo --oulad`: real students beside the synthetic ones, and a model of their own."""

import json
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ops.real_server import clean_environment, rollbook_command, stop_servers_below
from real_students import NEEDS_OULAD, OULAD

PATIENCE_S = 1800

pytestmark = [pytest.mark.slow, *NEEDS_OULAD]


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="rb-demo-"))
    folder.chmod(0o755)
    yield folder / "rollbook"
    stop_servers_below(folder)
    shutil.rmtree(folder)


def _demo(home: Path) -> tuple[dict[str, Any], str]:
    options = ("--once", "--json", "--students", "200", "--oulad", str(OULAD))
    done = subprocess.run(
        rollbook_command("demo", *options),
        env=clean_environment(home),
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    printed: dict[str, Any] = json.loads(done.stdout)
    return printed, done.stderr


def test_real_students_stand_beside_the_synthetic_ones(home: Path) -> None:
    printed, _told = _demo(home)
    district, oulad = printed["tenants"]

    assert (district["is_synthetic"], oulad["is_synthetic"]) == (True, False)
    assert oulad["totals"]["students"] > 10_000
    assert oulad["model"]["training_rows"] > 1_000
    assert oulad["model"]["auc"] > oulad["model"]["auc_of_rule"]
    assert all(line["student"].startswith("Student ") and line["section"] for line in oulad["top"])
    assert [sign_in["role"] for sign_in in oulad["sign_ins"]] == ["district_admin"]

    again, told = _demo(home)
    assert again == printed
    assert "Held-out" not in told, "neither imported nor learned again"

"""CI runs one script, that script runs everything, and every rule left out of the tools has its reason."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
RUN = (ROOT / ".ci/run").read_text(encoding="utf-8")
SCRIPTS = [".ci/run", "scripts/create-venv", "scripts/link-openmp"]
# A list of rules in TOML, one to a line.
LISTS = re.compile(
    r"^(?:\s*\"[^\"]+\" = \[|(?:ignore|exclude_rules|excluded_rules) = \[)$(.*?)^\]", re.MULTILINE | re.DOTALL
)
REASONED = re.compile(r'^(".*",?\s*)?# \S+')


def test_the_workflow_runs_the_script() -> None:
    workflow = (ROOT / ".github/workflows/ci.yml").read_text(encoding="utf-8")

    assert "run: .ci/run" in workflow


def test_the_script_runs_everything_and_ends_with_the_tests_summary() -> None:
    commands = [line.split("#")[0].strip() for line in RUN.splitlines() if line.startswith("make ")]

    assert commands == ["make dev-setup", "make check", "make test-slow", "make test"]
    assert RUN.rstrip().splitlines()[-1].startswith("make test")
    assert re.search(r"^export .*\bCI=true\b", RUN, re.MULTILINE), "nothing is skipped in it"


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_script_can_be_run(script: str) -> None:
    path = ROOT / script

    assert path.stat().st_mode & 0o111
    subprocess.run(["bash", "-n", path], check=True)


@pytest.mark.parametrize("settings", ["pyproject.toml", ".squawk.toml"])
def test_every_rule_that_is_left_out_has_its_reason(settings: str) -> None:
    lists = LISTS.findall((ROOT / settings).read_text(encoding="utf-8"))
    lines = [line.strip() for found in lists for line in found.strip().splitlines()]

    assert len(lines) >= 2
    assert [line for line in lines if not REASONED.search(line)] == []

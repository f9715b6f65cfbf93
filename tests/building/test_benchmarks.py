"""The harness of `make bench` keeps what a benchmark prints, and notices one that fails."""

import json
from pathlib import Path
from typing import Any

import pytest
import run

BIG = 60_000_000
PRINTS = f"""
import json
held = bytearray({BIG})
figures = [dict(name="rows", value=7, unit="rows/s")]
print(json.dumps(dict(name="Planted", note="A note.", figures=figures)))
"""


@pytest.fixture
def program(tmp_path: Path) -> Path:
    return tmp_path / "bench_planted.py"


def test_a_benchmark_prints_figures_and_its_memory_is_added(program: Path) -> None:
    program.write_text(PRINTS)

    measured: dict[str, Any] = run.measure(program, {}) or {}

    rows, memory = measured["figures"]
    assert rows == {"name": "rows", "value": 7, "unit": "rows/s"}
    assert memory["unit"] == "MB"
    assert BIG / 1e6 < memory["value"] < 1000


@pytest.mark.parametrize("fault", ["raise SystemExit(1)", "import nowhere"])
def test_a_benchmark_that_fails_has_no_figures(program: Path, fault: str) -> None:
    program.write_text(fault)

    assert run.measure(program, {}) is None


def test_a_section_says_what_where_and_when() -> None:
    figures = [
        {"name": "import", "value": 123456.7, "unit": "rows/s"},
        {"name": "AUC", "value": 0.83421, "unit": ""},
    ]

    page = run.section({"name": "Planted", "note": "", "figures": figures} | run.circumstances("18.6"))

    assert "## Planted" in page
    assert "| import | 123,457 | rows/s |" in page
    assert "| AUC | 0.834 |  |" in page
    assert "PostgreSQL 18.6" in page
    assert "commit" in page


def test_the_page_shows_what_was_measured() -> None:
    results = json.loads(run.RESULTS.read_text(encoding="utf-8"))

    assert run.PAGE.read_text(encoding="utf-8") == run.page(results)
    assert set(results) <= {path.stem.removeprefix("bench_") for path in run.HERE.glob("bench_*.py")}

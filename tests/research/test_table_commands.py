"""`rollbook privacy audit-table` and `suppress-table`, as they are typed."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

TABLE = "School,Female,Male,Total\nAsh,4,12,16\nElm,20,31,51\nFir,33,15,48\nTotal,57,58,115\n"
HIDDEN = TABLE.replace("Ash,4,", "Ash,*,")


def rollbook(*words: str) -> subprocess.CompletedProcess[str]:
    program = str(Path(sys.executable).parent / "rollbook")
    return subprocess.run([program, "privacy", *words], capture_output=True, text=True, check=False)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    written = tmp_path / "table.csv"
    written.write_text(HIDDEN)
    return written


def test_findings_end_with_code_3_and_say_which_sum_tells_them(path: Path) -> None:
    told = rollbook("audit-table", str(path))

    assert told.returncode == 3
    assert f"{path}, line 2: Ash · Female = 4 follows" in told.stdout
    assert "1 x  Ash · Total 16 = [Ash · Female] + 12" in told.stdout
    assert "1 finding in 12 cells, 1 of them suppressed, and 7 sums" in told.stdout


def test_json_names_cell_value_and_sums(path: Path) -> None:
    told = rollbook("audit-table", str(path), "--json")

    (finding,) = json.loads(told.stdout)["findings"]
    assert told.returncode == 3
    assert finding["place"] == {"file": str(path), "line": 2, "row": "Ash", "column": "Female"}
    assert (finding["kind"], finding["low"], finding["high"]) == ("exact", 4, 4)
    assert finding["at_least"] == finding["at_most"] != []


def test_a_table_is_suppressed_and_then_clean(path: Path, tmp_path: Path) -> None:
    path.write_text(TABLE)
    published = tmp_path / "published.csv"

    assert rollbook("suppress-table", str(path), "--out", str(published)).returncode == 0
    assert rollbook("suppress-table", str(path), "--out", str(published)).returncode == 1, "it is there"
    assert rollbook("suppress-table", str(path)).stdout == published.read_text()
    assert published.read_text().count("*") == 4
    assert rollbook("audit-table", str(published)).returncode == 0


def test_a_fault_is_a_sentence_and_code_1(path: Path) -> None:
    path.write_text("School,A\nAsh,many\nElm,3\n")

    told = rollbook("audit-table", str(path), "--labels", "1")

    assert (told.returncode, told.stdout) == (1, "")
    assert told.stderr.startswith(f"Error: {path}, line 2, column 'A': no whole number")

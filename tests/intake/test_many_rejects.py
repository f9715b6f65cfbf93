"""A million rejects: all of them kept and exported, without a place for all of them in memory."""

import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Final

import pytest

from intake.school import District, Drop

MANY: Final = 1_000_000
MOST_MB: Final = 250
CHILD: Final = """
import sys
from pathlib import Path
from intake.school import District
from peaks import peak_mb
from rollbook.intake.fixup import export_rejects
from rollbook.intake.receipts import find_import

district = District(sys.argv[1])
outcome = district.bring(Path(sys.argv[2]), max_rejects=10**9)
with district.session() as db:
    (fix_up,) = export_rejects(db, find_import(db, outcome.import_id), Path(sys.argv[3]))
print(outcome.rejected, fix_up.rows, peak_mb())
"""


def write(drop: Drop) -> Path:
    """Write a drop of which half the marks are unknown words, and the other half are no rows at all."""
    path = drop.write()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in drop.files.items():
            if name != "marks.csv":
                packed.writestr(name, content)
        with packed.open("marks.csv", "w") as marks:
            marks.write(b"number,day,mark\n")
            for line in range(0, MANY, 2):
                marks.write(b"%d,2025-09-01,unheard\n%d\n" % (line, line))
    return path


@pytest.mark.slow
def test_a_million_rejects_are_kept_in_little_memory(district: District, drop: Drop, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", CHILD, district.url, str(write(drop)), str(tmp_path / "fix.csv")],
        env={"PYTHONPATH": str(Path(__file__).parents[1])},
        capture_output=True,
        text=True,
        check=True,
    )

    rejected, exported, megabytes = map(int, done.stdout.split())
    assert (rejected, exported) == (MANY, MANY)
    assert megabytes < MOST_MB
    assert district.rows("SELECT cause, count(*) FROM intake_rejects GROUP BY 1 ORDER BY 1") == [
        ("has 1 values instead of 3", MANY // 2),
        ("mark 'unheard' is not one of present, absent, tardy", MANY // 2),
    ]

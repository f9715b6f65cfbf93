"""A million rejected lines of a CSV file, for every reason there is, in little memory."""

import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from exchange.csvs import Place

EACH: Final = 250_000
MOST_MB: Final = 250
CHILD: Final = """
import sys
from pathlib import Path
from exchange.csvs import Place
from peaks import peak_mb

place = Place(sys.argv[1], Path(sys.argv[2]))
outcome = place.bring("attendance", Path(sys.argv[2]) / "marks.csv", max_rejects=10**9)
print(outcome.rejected, outcome.written, peak_mb())
"""


@pytest.mark.slow
def test_a_million_rejects_take_little_memory(csv_place: Place, tmp_path: Path) -> None:
    csv_place.bring("students", "student_number,last_name\n1,Byron\n")
    with (tmp_path / "marks.csv").open("w") as marks:
        marks.write("student_number,date,status,minutes_late\n1,2025-09-01,present,0\n")
        for line in range(EACH):
            marks.write(f"1,2025-09-01,absent,0\n{line + 2},2025-09-01,absent,0\n")  # again; nobody
            marks.write(f"1,{line},here,99999\n1,2025-09-02,absent,5\n")  # no values; late and absent

    done = subprocess.run(
        [sys.executable, "-c", CHILD, csv_place.url, str(tmp_path)],
        env={"PYTHONPATH": str(Path(__file__).parents[1])},
        capture_output=True,
        text=True,
        check=True,
    )

    rejected, written, megabytes = map(int, done.stdout.split())
    assert (rejected, written) == (4 * EACH, 1)
    assert megabytes < MOST_MB
    assert csv_place.rows("SELECT cause, count(*) FROM intake_rejects GROUP BY 1 ORDER BY 2, 1")[-3:] == [
        ("status, minutes_late says how late somebody was who is not tardy", EACH),
        ("student_number has no match in students", EACH),
        ("student_number, date, period repeats an earlier line", EACH),
    ]

"""A file of rejected lines tells of students: whom its lines name is in the log of disclosures."""

from pathlib import Path

from sqlalchemy import text

from commands import rollbook
from exchange.csvs import Place
from rollbook.core.database import engine_for
from rollbook.testing.databases import Database

NOTED = """
SELECT student_number, what FROM disclosures INNER JOIN students USING (tenant_id, student_id)
WHERE what LIKE 'rollbook import%' ORDER BY 1
"""
LINES = (
    "student_number,date,status\n"
    "1,2025-09-01,present\n1,2025-09-02,here\n3,2025-09-02,gone\n99,2025-09-02,absent\n"
)


def test_whom_a_file_of_rejected_lines_names_is_written_down_before_it_is(
    school: Place, fresh_database: Database, tmp_path: Path
) -> None:
    school.bring("attendance", LINES, max_rejects=9)

    listed = rollbook(fresh_database, "import", "rejects")
    assert (listed.returncode, school.rows(NOTED)) == (0, []), "causes name nobody"

    written = rollbook(fresh_database, "import", "rejects", "--export", tmp_path / "fix.csv")
    assert written.returncode == 0, written.stderr
    assert school.rows(NOTED) == [("1", "rollbook import rejects"), ("3", "rollbook import rejects")]


def test_what_cannot_be_written_down_is_not_handed_out(
    school: Place, fresh_database: Database, tmp_path: Path
) -> None:
    school.bring("attendance", LINES, max_rejects=9)
    with engine_for(fresh_database.owner_url).begin() as owner:
        owner.execute(text("REVOKE INSERT ON disclosures FROM CURRENT_USER"))

    refused = rollbook(fresh_database, "import", "rejects", "--export", tmp_path / "fix.csv")

    assert refused.returncode == 1
    assert "could not be written down" in refused.stderr
    assert not (tmp_path / "fix.csv").exists()

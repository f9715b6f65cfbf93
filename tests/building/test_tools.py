"""The tools of `make check` are set up so that they object to what they are there for."""

import shutil
import subprocess
import sys
from pathlib import Path

import lint_migrations
import pytest

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
MIGRATION = '''"""Planted."""

from alembic import op

revision = "29990101_0000"
down_revision = None


def upgrade() -> None:
    op.execute("{statement}")


def downgrade() -> None:
    pass
'''


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """Copy the code and the tools' settings, to plant faults in."""
    shutil.copytree(ROOT / "src", tmp_path / "src", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    shutil.copy(ROOT / ".squawk.toml", tmp_path)
    return tmp_path


def floors(copy: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [BIN / "lint-imports", "--no-cache"],
        cwd=copy,
        env={"PYTHONPATH": str(copy / "src"), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_floors_hold_and_were_looked_at(copy: Path) -> None:
    checked = floors(copy)

    assert checked.returncode == 0, checked.stdout
    assert "2 kept, 0 broken" in checked.stdout


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("attendance/models.py", "import rollbook.grades.models"),  # sideways
        ("core/clock.py", "import rollbook.ops.server"),  # up
        ("roster/models.py", "def f(): import rollbook.risk.models"),  # up, and late
        ("notes/__init__.py", ""),  # a room that stands on no floor
        ("grades/service.py", "import typer"),  # a verb that prints
    ],
)
def test_a_broken_floor_is_noticed(copy: Path, module: str, line: str) -> None:
    planted = copy / "src/rollbook" / module
    planted.parent.mkdir(exist_ok=True)
    with planted.open("a") as file:
        file.write(f"\n{line}\n")

    assert floors(copy).returncode == 1


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("CREATE TABLE notes (tenant_id int PRIMARY KEY)", 0),
        ("CREATE INDEX ix ON students (last_name)", 1),
        ("ALTER TABLE students DROP COLUMN gender", 1),
        ("ALTER TABLE students ALTER COLUMN gender SET NOT NULL", 1),
        ("ALTER TABLE staff ADD CONSTRAINT f FOREIGN KEY (school_id) REFERENCES schools (school_id)", 1),
    ],
)
def test_a_migration_that_blocks_is_noticed(
    copy: Path, monkeypatch: pytest.MonkeyPatch, statement: str, expected: int
) -> None:
    migrations = copy / "src/rollbook/migrations"
    shutil.rmtree(migrations / "versions")
    (migrations / "versions").mkdir()
    (migrations / "versions/planted.py").write_text(MIGRATION.format(statement=statement))
    monkeypatch.setattr(lint_migrations, "MIGRATIONS", migrations)
    monkeypatch.chdir(copy)

    assert lint_migrations.main() == expected


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("SELECT student_id\nFROM students\nWHERE grade_level = :grade_level::int;\n", 0),
        ("SELECT Student_ID FROM students;\n", 1),
        ("select student_id from students;\n", 1),
        ("SELECT student_id FROM;\n", 1),
        ("SELECT student_id FROM students\nSELECT 1;\n", 1),
    ],
)
def test_a_badly_written_query_is_noticed(copy: Path, query: str, expected: int) -> None:
    (copy / "planted.sql").write_text(f"-- name: planted\n{query}")

    linted = subprocess.run(
        [BIN / "sqlfluff", "lint", "--disable-progress-bar", "planted.sql"],
        cwd=copy,
        capture_output=True,
        text=True,
        check=False,
    )

    assert linted.returncode == expected, linted.stdout

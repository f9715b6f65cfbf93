"""Write each migration as the SQL it runs, and let squawk look for what would block a database in use."""

import io
import subprocess
import sys
import tempfile
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import Script, ScriptDirectory

MIGRATIONS = Path(__file__).parent.parent / "src/rollbook/migrations"
SQUAWK = Path(sys.executable).parent / "squawk"
# Alembic's own table is not ours to declare.
ALEMBICS_OWN = "    version_num VARCHAR(32)"
ALEMBICS_OWN_IGNORED = f"-- squawk-ignore prefer-text-field\n{ALEMBICS_OWN}"


def main() -> int:
    """Return squawk's exit code."""
    scripts = ScriptDirectory.from_config(_config()).walk_revisions()
    with tempfile.TemporaryDirectory() as folder:
        files = [_write_sql(script, Path(folder)) for script in scripts]
        done = subprocess.run([SQUAWK, "--reporter", "gcc", *sorted(files)], check=False)  # noqa: S603 -- ours
    return done.returncode


def _config(output: io.StringIO | None = None) -> Config:
    config = Config(output_buffer=output)
    config.set_main_option("script_location", str(MIGRATIONS))
    return config


def _write_sql(script: Script, folder: Path) -> Path:
    sql = io.StringIO()
    command.upgrade(_config(sql), f"{script.down_revision or 'base'}:{script.revision}", sql=True)
    file = folder / f"{Path(script.path).stem}.sql"
    file.write_text(sql.getvalue().replace(ALEMBICS_OWN, ALEMBICS_OWN_IGNORED), encoding="utf-8")
    return file


if __name__ == "__main__":
    sys.exit(main())

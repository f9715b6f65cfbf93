"""`docker compose run --rm place`: restored files take the place of the database's, which stay beside."""

import os
import pwd
import subprocess
from pathlib import Path

import pytest

from ops.deploy.compose_file import SERVICES

# as `sh` gets it from compose, which reads two dollars as one
SCRIPT = SERVICES["place"]["entrypoint"][-1].replace("$$", "$")

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files to another account")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Where the image of PostgreSQL has its files."""
    made = tmp_path / "18/docker"
    made.mkdir(parents=True)
    (made / "PG_VERSION").write_text("18\n")
    (made / "old").touch()
    return made


@pytest.fixture
def restored(tmp_path: Path) -> Path:
    made = tmp_path / "restored/data"
    made.mkdir(parents=True, mode=0o700)
    (made / "PG_VERSION").write_text("18\n")
    (made / "new").touch(mode=0o600)
    return made


def place(data: Path, restored: Path) -> subprocess.CompletedProcess[str]:
    script = SCRIPT.replace("/var/lib/rollbook-restored/data", str(restored))
    return subprocess.run(
        ["sh", "-euc", script],
        env={"PATH": os.environ["PATH"], "PGDATA": str(data)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_files_are_put_in_place_and_the_old_ones_stay(data: Path, restored: Path) -> None:
    done = place(data, restored)

    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in data.iterdir()) == ["PG_VERSION", "new"]
    assert {pwd.getpwuid(path.stat().st_uid).pw_name for path in (data, data / "new")} == {"postgres"}
    assert data.stat().st_mode & 0o777 == 0o700
    (before,) = data.parent.glob("docker.before.*")
    assert (before / "old").exists()
    assert str(before) in done.stdout
    assert not restored.exists(), "a second run has nothing to put in place"


def test_nothing_is_replaced_where_nothing_was_restored(data: Path, tmp_path: Path) -> None:
    done = place(data, tmp_path / "none")

    assert done.returncode == 1
    assert "Nothing was restored" in done.stdout
    assert (data / "old").exists()


def test_a_database_at_work_keeps_its_files(data: Path, restored: Path) -> None:
    (data / "postmaster.pid").write_text("1\n")

    done = place(data, restored)

    assert done.returncode == 1
    assert "docker compose stop" in done.stdout
    assert (data / "old").exists()
    assert (restored / "new").exists()


def test_where_the_old_files_are_lost_the_new_ones_are_put(data: Path, restored: Path) -> None:
    (data / "old").unlink()
    (data / "PG_VERSION").unlink()
    data.rmdir()

    assert place(data, restored).returncode == 0
    assert (data / "new").exists()

"""`rollbook prod-setup`: roles that hold what they should, secrets closed, nobody else's role touched."""

import json
import subprocess
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from ops.real_server import admin, run_rollbook
from ops.small_disk import CannotMountError, small_disk
from rollbook.core.settings import Settings
from rollbook.ops import server
from rollbook.ops.exposure import close_files
from rollbook.ops.group_roles import ensure_groups


def sign_in(at: Settings, name: str, group: str) -> psycopg.Connection:
    """Connect as a new login that is a member of ``group`` and of nothing else."""
    with admin(at) as db:
        db.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD 'secret'").format(sql.Identifier(name)))
        db.execute(sql.SQL("GRANT {} TO {}").format(sql.Identifier(group), sql.Identifier(name)))
    port = server.status(at).port
    return psycopg.connect(f"postgresql://{name}:secret@127.0.0.1:{port}/rollbook", autocommit=True)


def test_production_is_set_up_and_again_changes_nothing(running: Settings) -> None:
    home = running.home
    (home / "secrets.json").chmod(0o644)

    done = run_rollbook("prod-setup", home=home, cwd=home)
    again = run_rollbook("prod-setup", "--json", home=home, cwd=home)
    told = json.loads(again.stdout)

    # a test's server need not survive a power failure, which is wrong; that there is no backup can wait
    assert (done.returncode, again.returncode) == (3, 3), done.stdout + done.stderr
    assert [one["step"] for one in told if one["state"] == "wrong"] == ["durability"]
    assert "could be read by others: now only by its owner" in done.stdout
    assert "migrations applied" in done.stdout
    assert (home / "secrets.json").stat().st_mode & 0o777 == 0o600
    said = [one["sentence"] for one in told]
    assert not any("was made" in sentence for sentence in said)
    assert "The schema is up to date." in said
    with sign_in(running, "ada", "readonly") as db:
        assert db.execute("SELECT count(*) FROM students").fetchone() == (0,)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            db.execute("INSERT INTO tenants (slug, name) VALUES ('x', 'x')")
    with sign_in(running, "service", "app_user") as db:
        assert db.execute("SELECT count(*) FROM students").fetchone() == (0,), "no tenant is named"
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            db.execute("DROP TABLE students")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            db.execute("ALTER TABLE students DISABLE ROW LEVEL SECURITY")


def test_what_can_wait_is_told_and_is_no_failure(stopped: Settings) -> None:
    server.up(stopped)  # durable, as for real
    home = stopped.home

    done = run_rollbook("prod-setup", home=home, cwd=home)

    assert done.returncode == 0, done.stdout + done.stderr
    assert "To mend backup: rollbook backup create" in done.stdout
    assert "A backup key was made" in done.stdout
    assert (home / "backup.key").stat().st_mode & 0o777 == 0o600


def test_somebody_elses_role_of_that_name_is_not_touched(running: Settings) -> None:
    with admin(running) as db:
        db.execute("CREATE ROLE readonly NOLOGIN")

    found = {role.name: role.is_ours for role in ensure_groups(running)}

    with admin(running) as db:
        held = db.execute(
            "SELECT count(*) FROM pg_auth_members WHERE member = 'readonly'::regrole"
        ).fetchone()
    assert found == {"readonly": False, "app_user": True}
    assert held == (0,)


def test_a_file_in_a_closed_folder_needs_no_mode_of_its_own(tmp_path: Path) -> None:
    for name, mode in {"closed": 0o700, "open": 0o755}.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "secret").write_text("hush")
        (tmp_path / name / "secret").chmod(0o444)
        (tmp_path / name).chmod(mode)
    files = [tmp_path / "closed/secret", tmp_path / "open/secret", tmp_path / "none"]

    found = {
        secret.path.parent.name: secret.was_open for secret in close_files(Settings(home=tmp_path), files)
    }

    assert found == {"closed": False, "open": True}
    assert [file.stat().st_mode & 0o777 for file in files[:2]] == [0o444, 0o400]


def test_a_file_that_was_mounted_here_is_left_as_it_is(tmp_path: Path) -> None:
    """As compose gives secrets: into an open folder of the container; other containers read the file too."""
    here, elsewhere = tmp_path / "secret", tmp_path / "disk"
    here.touch()
    elsewhere.mkdir()
    tmp_path.chmod(0o755)
    try:
        with small_disk(elsewhere, "100k"):
            (elsewhere / "secret").touch(mode=0o444)
            subprocess.run(["mount", "--bind", elsewhere / "secret", here], check=True)
            try:
                (found,) = close_files(Settings(home=tmp_path / "home"), [here])
                mode = here.stat().st_mode & 0o777
            finally:
                subprocess.run(["umount", here], check=True)
    except CannotMountError as error:
        pytest.skip(f"this machine does not let us mount: {error}")
    assert (found.is_closed, found.was_open, mode) == (True, False, 0o444)


def test_a_folder_that_cannot_be_entered_is_passed_by(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As `runuser` leaves it: the working directory is root's, the account another."""

    def closed(_: Path) -> bool:
        raise PermissionError

    monkeypatch.setattr(Path, "is_file", closed)

    assert close_files(Settings(home=tmp_path)) == []

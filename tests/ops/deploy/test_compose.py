"""compose.yaml is valid, closed where it can be, and every command and healthcheck of ours in it works."""

import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psycopg
import pytest

from ops.deploy.compose_file import COMPOSE, OURS, ROOT, SERVICES, Machine, machine
from rollbook.core.secret_files import SUFFIX, is_secret
from rollbook.core.settings import Settings
from rollbook.ops.binaries import embedded
from rollbook.ops.embedded import connect_as_superuser

PINNED = re.compile(r":v?\d+\.\d+(\.\d+)?(-[a-z0-9]+)*$")
# One begins as root to own its volume, and goes on as postgres by itself; one gives files to another account.
BEGIN_AS_ROOT = {"db", "place"}
WITHOUT_HEALTHCHECK = {"setup", "place"}
STAYING = [name for name in OURS if name != "setup"]
FILES = ["deploy/make-secrets", "scripts/with-env"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of what compose reads, with its secrets made."""
    shutil.copytree(ROOT / "deploy", tmp_path / "deploy", ignore=shutil.ignore_patterns("secrets"))
    shutil.copy(ROOT / "compose.yaml", tmp_path)
    subprocess.run([tmp_path / "deploy/make-secrets"], check=True, capture_output=True)
    return tmp_path


@pytest.fixture
def theirs(running: Settings) -> Settings:
    """A server as the image of PostgreSQL makes one: a superuser and an empty database."""
    with connect_as_superuser(running) as db:
        db.execute("DROP DATABASE rollbook")
        db.execute("DROP ROLE rollbook_app")
        db.execute("DROP OWNED BY rollbook_owner, rollbook_bi")
        db.execute("DROP ROLE rollbook_owner, rollbook_bi")
        db.execute("CREATE DATABASE rollbook")
    return running


@contextmanager
def container(at: Machine, service: str) -> Iterator[subprocess.Popen[bytes]]:
    with (at.folder / f"{service}.log").open("w") as log:
        process = subprocess.Popen(
            at.command(service), env=at.environment(service), stdout=log, stderr=log, cwd=at.folder
        )
    try:
        yield process
        process.terminate()
        # uvicorn ends by the signal that ended its work
        assert process.wait(timeout=60) in {0, -signal.SIGTERM}, (at.folder / f"{service}.log").read_text()
    finally:
        process.kill()
        process.wait()


def becomes_healthy(at: Machine, service: str) -> bool:
    deadline = time.monotonic() + 120
    while not at.is_healthy(service):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.2)
    return True


@pytest.mark.slow
def test_our_commands_and_healthchecks_work(theirs: Settings, open_folder: Path) -> None:
    at = machine(open_folder, theirs)
    setup = [
        subprocess.run(
            at.command("setup"),
            env=at.environment("setup"),
            capture_output=True,
            text=True,
            check=False,
            cwd=at.folder,
        )
        for _ in range(2)
    ]
    assert [done.returncode for done in setup] == [0, 0], setup[0].stdout + setup[0].stderr
    assert "readonly was made" in setup[0].stdout
    assert "readonly is there" in setup[1].stdout
    urls = [(at.folder / "urls" / whose / "url") for whose in ("app", "owner", "backup")]
    assert [path.stat().st_mode & 0o777 for path in urls] == [0o600] * 3
    assert [whom(path) for path in urls] == ["rollbook_app", "rollbook_owner", "rollbook_backup"]

    assert not at.is_healthy("app")
    assert not at.is_healthy("worker")
    assert not at.is_healthy("wal")
    assert not at.is_healthy("monitor")
    with ExitStack() as stack:
        for service in STAYING:
            stack.enter_context(container(at, service))
        for service in STAYING:
            assert becomes_healthy(at, service), (at.folder / f"{service}.log").read_text()
        archived(at)
    assert not at.is_healthy("app")
    assert not (at.folder / "empty").exists(), "the pages write no file"


def archived(at: Machine) -> None:
    """Wait until the server's log is on its way into the repository."""
    deadline = time.monotonic() + 120
    while not any((at.folder / "backups").rglob("wal/**/*")):
        assert time.monotonic() < deadline, (at.folder / "wal.log").read_text()
        time.sleep(0.2)


def whom(url: Path) -> str:
    with psycopg.connect(url.read_text().strip()) as db:
        return db.info.user


def test_compose_itself_finds_nothing_wrong(folder: Path) -> None:
    command = shutil.which("docker-compose")
    words = [command] if command else ["docker", "compose"]
    if not command and subprocess.run([*words, "version"], capture_output=True, check=False).returncode:
        pytest.skip("no docker-compose here to read compose.yaml")
    (folder / ".env").touch()

    done = subprocess.run(
        [*words, "config", "--quiet"], cwd=folder, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr


def test_each_service_is_there() -> None:
    assert set(SERVICES) >= {"db", "redis", "app", "worker", "adminer", "prometheus", "grafana"}
    assert set(OURS) == {"setup", "app", "worker", "wal", "monitor"}


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_is_pinned_watched_and_closed(name: str) -> None:
    service = SERVICES[name]

    assert name in OURS or PINNED.search(service["image"]), service["image"]
    assert name in WITHOUT_HEALTHCHECK or service["healthcheck"]["test"]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert name in BEGIN_AS_ROOT or not service["user"].startswith(("0", "root"))
    assert all(port.startswith("127.0.0.1:") for port in service.get("ports", []))
    assert not service.get("privileged")


@pytest.mark.parametrize("name", SERVICES)
def test_what_a_service_names_is_there(name: str, folder: Path) -> None:
    service = SERVICES[name]

    assert service.get("networks") or service["network_mode"] == "none"
    assert set(service.get("networks", ())) <= set(COMPOSE["networks"])
    assert set(service.get("depends_on", ())) <= set(SERVICES)
    for secret in service.get("secrets", ()):
        assert (folder / COMPOSE["secrets"][secret]["file"]).read_text().strip()
    for volume in service.get("volumes", ()):
        source = volume.split(":")[0]
        assert source in COMPOSE["volumes"] or (ROOT / source).exists(), volume
    known = {
        f"ROLLBOOK_{setting.upper()}{SUFFIX if is_secret(field) else ''}"
        for setting, field in Settings.model_fields.items()
    }
    assert {said for said in service.get("environment", {}) if said.startswith("ROLLBOOK_")} <= known


def test_no_password_stands_in_the_file() -> None:
    text = (ROOT / "compose.yaml").read_text(encoding="utf-8")

    assert not re.search(r"(?i)password[a-z_]*[:=]\s*(?!/run/secrets/|\{file|scram)[^\s\]]", text)


def test_the_database_is_reached_from_inside_alone() -> None:
    assert COMPOSE["networks"]["data"] == {"internal": True}
    assert [name for name in ("db", "redis") if SERVICES[name]["networks"] != ["data"]] == []
    assert [name for name in ("db", "redis", "worker") if "ports" in SERVICES[name]] == []


def test_the_pages_know_no_other_role_than_the_applications() -> None:
    urls = {name: value for name, value in SERVICES["app"]["environment"].items() if "URL" in name}

    assert {urls[f"ROLLBOOK_{which}_URL_FILE"] for which in ("DATABASE", "OWNER")} == {
        "/var/lib/rollbook-urls/app/url"
    }
    assert not any("owner" in volume for volume in SERVICES["app"]["volumes"])


def test_the_superuser_is_known_to_the_setup_alone() -> None:
    assert [name for name in OURS if "admin_url" in SERVICES[name].get("secrets", ())] == ["setup"]


def test_the_pages_files_hold_no_password() -> None:
    """`setup` keeps the roles' passwords in its home; a backup's key and a drill's files lie there too."""
    mounted = {name: {mount.split(":")[0] for mount in SERVICES[name].get("volumes", ())} for name in OURS}

    assert mounted["app"] == {"app-home", "app-url"}
    assert {name for name in OURS if "home" in mounted[name]} == {"setup", "worker", "wal", "monitor"}


def test_a_backup_can_be_proven_by_the_images_own_programs() -> None:
    """Only PostgreSQL of the same major version runs what another wrote."""
    ours = embedded()

    assert ours is not None
    assert SERVICES["db"]["image"].split(":")[1].startswith(f"{ours.major}.")


def test_what_goes_to_another_machine_has_a_way_out() -> None:
    ways = {name for name, network in COMPOSE["networks"].items() if not network.get("internal")}

    assert all(ways & set(SERVICES[name]["networks"]) for name in ("setup", "worker", "wal", "monitor"))


def test_secrets_are_made_once_and_their_folder_is_closed(folder: Path) -> None:
    secrets = folder / "deploy/secrets"
    before = {path.name: path.read_text() for path in secrets.iterdir()}

    subprocess.run([folder / "deploy/make-secrets"], check=True, capture_output=True)

    assert {path.name: path.read_text() for path in secrets.iterdir()} == before
    assert {secret["file"] for secret in COMPOSE["secrets"].values()} <= {
        f"deploy/secrets/{n}" for n in before
    }
    assert secrets.stat().st_mode & 0o777 == 0o700
    assert len(set(before.values())) == len(before)


def test_the_image_copies_what_is_there_and_runs_as_nobody() -> None:
    lines = (ROOT / "Dockerfile").read_text(encoding="utf-8").splitlines()
    copied = [line.split()[1:-1] for line in lines if line.startswith("COPY") and "--from" not in line]
    let_in = (ROOT / ".dockerignore").read_text(encoding="utf-8")

    assert all((ROOT / name).exists() for names in copied for name in names)
    assert all(f"!{name}" in let_in for names in copied for name in names)
    assert "USER 10001:10001" in lines
    assert all(
        ":latest" not in line and PINNED.search(line.split()[1]) for line in lines if line.startswith("FROM")
    )


@pytest.mark.parametrize("script", FILES)
def test_a_script_can_be_run(script: str) -> None:
    assert (ROOT / script).stat().st_mode & 0o111
    subprocess.run(["bash", "-n", ROOT / script], check=True)


def test_the_environment_wins_over_the_file_of_settings(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("# ours\nROLLBOOK_TENANT=oak\nROLLBOOK_WEB_PORT=9000\n")
    command = [str(ROOT / "scripts/with-env"), str(tmp_path / ".env"), "env"]
    said = subprocess.run(
        command,
        env={"PATH": "/usr/bin:/bin", "ROLLBOOK_WEB_PORT": "9001"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()

    assert {"ROLLBOOK_TENANT=oak", "ROLLBOOK_WEB_PORT=9001"} <= set(said)
    missing = subprocess.run([command[0], str(tmp_path / "none"), "true"], check=False)
    assert missing.returncode == 0

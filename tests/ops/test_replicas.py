"""A real replica: it follows, is read from once it has what was written, takes the primary's place."""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import func, select

from ops.real_server import crash, run_rollbook, settings_of, stop_servers_below
from ops.replicated import (
    SILENT,
    Place,
    caught_up,
    disclosures,
    failing,
    fill,
    is_read,
    paused,
    reads_from_replica,
    students,
    until,
    with_former_started,
)
from rollbook.app import create_app
from rollbook.core import retrying
from rollbook.core.checks import State
from rollbook.core.database import close_engines, engine_for
from rollbook.core.replica import replica_at, written_until
from rollbook.core.tenancy import Visibility, transaction
from rollbook.ops import postmaster, server
from rollbook.ops.embedded import connect_as_superuser, home_of
from rollbook.ops.migrate import upgrade
from rollbook.ops.replicas import making, promoting, together
from rollbook.ops.replicas.errors import (
    PrimaryAlive,
    ReplicaExists,
    ReplicaLacks,
    ReplicaNameInvalid,
    ReplicaNotFound,
)
from rollbook.ops.replicas.health import look_over
from rollbook.ops.replicas.reading import reading_url
from rollbook.ops.replicas.standing import status_of
from rollbook.roster.models import Student
from rollbook.testing import factories as make


@pytest.fixture(scope="module")
def place(made: Path) -> Iterator[Place]:
    folder = Path(tempfile.mkdtemp(prefix="rb-replica-"))
    folder.chmod(0o755)
    subprocess.run(["cp", "-a", str(made), str(folder / "home")], check=True)
    settings = settings_of(folder / "home")
    server.up(settings, durable=False)
    upgrade(server.status(settings).owner_url)
    tenant_id, key = fill(server.status(settings).url)
    replica = making.add(settings, "one", SILENT, keep_gb=3, durable=False)
    assert (replica.home.data / "standby.signal").exists()
    url = reading_url(settings)
    assert url is not None
    yield Place(settings, tenant_id, key, url)
    close_engines(url)
    close_engines(server.status(settings).url)
    stop_servers_below(folder)
    shutil.rmtree(folder)


def test_it_follows_and_is_healthy(place: Place) -> None:
    caught_up(place)
    (told,) = status_of(place.settings)
    assert (told.name, told.follows, told.takes_writes, told.slot) == ("one", True, False, "reserved")
    assert told.is_streaming
    assert [check.state for check in look_over(place.settings)] == [State.FINE]
    with connect_as_superuser(place.settings) as db:
        assert db.execute("SHOW max_slot_wal_keep_size").fetchone() == ("3GB",)
    with pytest.raises(ReplicaExists):
        making.add(place.settings, "one", SILENT)
    with pytest.raises(ReplicaNameInvalid):
        making.add(place.settings, "../one", SILENT)
    with pytest.raises(ReplicaNotFound):
        making.find(place.settings, "two")
    secrets = home_of(place.settings).passwords("embedded")
    conf = (home_of(place.settings).path / "replicas/one/data/postgresql.auto.conf").read_text()
    assert not any(secret in conf for secret in secrets.values()), "its password stands in a closed file"


def test_the_commands_say_so(place: Place) -> None:
    done = run_rollbook("replica", "status", "--json", home=place.settings.home)
    assert (done.returncode, '"follows": true' in done.stdout) == (0, True), done.stderr
    refused = run_rollbook("replica", "promote", "one", "--yes", home=place.settings.home)
    assert refused.returncode == 1
    assert "--stop-primary" in refused.stderr


def test_whoever_wrote_reads_no_replica_that_has_not_got_it(place: Place) -> None:
    caught_up(place)
    replica = replica_at(place.replica_url)
    paused(place, wanted=True)
    with transaction(engine_for(place.url), Visibility(place.tenant_id)) as db:
        make.create_student(db, name="Cai Byron")
    written = written_until(engine_for(place.url))
    assert not reads_from_replica(place, replica, written)
    assert not reads_from_replica(place, replica, "rubbish"), "whoever shows rubbish reads the primary"
    replica.lag_s = 0.0
    assert not reads_from_replica(place, replica), (
        "nor does it lag what others wrote for longer than is allowed"
    )
    paused(place, wanted=False)
    until(lambda: reads_from_replica(place, replica, written))


def test_pages_are_read_from_it_and_what_they_show_is_noted_on_the_primary(place: Place) -> None:
    caught_up(place)
    app = create_app(place.url, replica_url=place.replica_url)
    client = TestClient(app, base_url="http://rollbook.test")
    headers = {"Authorization": f"Bearer {place.key}"}
    client.get("/api/v1/students", headers=headers)
    noted = disclosures(place)

    def from_replica() -> bool:
        before = app.state.replica.counts.replica
        answer = client.get("/api/v1/students", headers=headers)
        assert answer.status_code == 200, answer.text
        assert "Ada" in answer.text
        assert "Ben" in answer.text
        return bool(app.state.replica.counts.replica > before)

    until(from_replica)
    assert disclosures(place) > noted, "what a replica showed is written down as ever"
    assert 'rollbook_db_reads_total{kind="replica"}' in client.get("/metrics").text

    paused(place, wanted=True)
    shown = client.get("/api/v1/students", headers=headers | {"Rollbook-Written": "FFFF/0"})
    assert shown.status_code == 200
    paused(place, wanted=False)


@pytest.mark.parametrize("what", ["rollbook_disclose", "COMMIT"])
def test_what_cannot_be_noted_on_the_primary_is_not_shown_from_a_replica(place: Place, what: str) -> None:
    caught_up(place)
    app = create_app(place.url, replica_url=place.replica_url)
    client = TestClient(app, base_url="http://rollbook.test", raise_server_exceptions=False)
    headers = {"Authorization": f"Bearer {place.key}"}
    until(lambda: is_read(client, headers, app.state.replica))
    noted, read = disclosures(place), app.state.replica.counts.replica

    with failing(place.settings, app.state.engine, what):
        answer = client.get("/api/v1/students", headers=headers)

    assert app.state.replica.counts.replica > read, "it was the replica that read"
    assert (answer.status_code, "Ada" in answer.text, "Ben" in answer.text) == (503, False, False)
    retrying.forget_outage()
    assert disclosures(place) == noted
    assert client.get("/api/v1/students", headers=headers).status_code == 200


def test_up_and_down_take_it_along_unless_it_was_stopped_on_purpose(place: Place) -> None:
    (replica,) = making.every_replica(place.settings)

    def runs() -> bool:
        return postmaster.find_postmaster(replica.home.data) is not None

    close_engines(place.url)
    close_engines(place.replica_url)
    assert run_rollbook("down", home=place.settings.home).returncode == 0
    assert not runs()
    assert run_rollbook("up", "--no-migrate", home=place.settings.home).returncode == 0
    assert runs()
    assert run_rollbook("replica", "stop", "one", home=place.settings.home).returncode == 0
    assert together.start_all(place.settings, SILENT, durable=False) == []
    assert not runs(), "who stopped it wants it so"
    making.start(place.settings, replica, SILENT, durable=False)
    place.replica_url = reading_url(place.settings) or ""
    caught_up(place)
    (replica.home.data / "PG_VERSION").rename(replica.home.data / "away")
    making.halt(replica.home)
    (said,) = together.start_all(place.settings, SILENT, durable=False)
    assert said.startswith("The replica one did not start: "), said
    (replica.home.data / "away").rename(replica.home.data / "PG_VERSION")
    assert together.start_all(place.settings, SILENT, durable=False) == []
    place.replica_url = reading_url(place.settings) or ""


def test_a_copy_that_was_killed_is_begun_anew(place: Place) -> None:
    half = making.Replica("half", home_of(place.settings))
    half.copying.mkdir(parents=True)
    (half.copying / "rest").touch()
    with connect_as_superuser(place.settings) as db:
        db.execute("SELECT pg_create_physical_replication_slot(%s, true)", [half.slot])
    assert [one.name for one in making.every_replica(place.settings)] == ["one"]

    made = making.add(place.settings, "half", SILENT, durable=False)
    until(lambda: all(one.is_streaming for one in status_of(place.settings)))
    making.remove(place.settings, made, SILENT)

    with connect_as_superuser(place.settings) as db:
        slots = db.execute("SELECT slot_name FROM pg_replication_slots").fetchall()
    assert slots == [("rollbook_one",)], "nothing keeps the primary's log for one that is gone"


def test_a_replica_that_dies_meanwhile_is_missed_by_nobody(place: Place) -> None:
    caught_up(place)
    app = create_app(place.url, replica_url=place.replica_url)
    client = TestClient(app, base_url="http://rollbook.test")
    headers = {"Authorization": f"Bearer {place.key}"}
    until(lambda: is_read(client, headers, app.state.replica))
    (replica,) = making.every_replica(place.settings)
    making.stop(replica, SILENT)
    assert client.get("/api/v1/students", headers=headers).status_code == 200
    assert [check.state for check in look_over(place.settings)] == [State.WARNING]
    making.start(place.settings, replica, SILENT, durable=False)
    place.replica_url = reading_url(place.settings) or ""
    caught_up(place)
    assert [check.state for check in look_over(place.settings)] == [State.FINE]


def test_a_replica_promoted_while_the_primary_lives_is_found_out_and_not_read(place: Place) -> None:
    caught_up(place)
    (replica,) = making.every_replica(place.settings)
    with making.connect(replica) as db:
        assert db.execute("SELECT pg_promote(true, 60)").fetchone() == (True,)
    (check,) = look_over(place.settings)
    assert check.state is State.WRONG
    assert "beside the primary" in check.sentence
    assert not reads_from_replica(place, replica_at(place.replica_url))
    told = run_rollbook("replica", "status", home=place.settings.home)
    assert told.returncode == 3
    assert "takes writes" in told.stderr
    with pytest.raises(PrimaryAlive):
        promoting.promote(place.settings, "one", SILENT)
    making.remove(place.settings, replica, SILENT)
    making.add(place.settings, "one", SILENT, durable=False)
    place.replica_url = reading_url(place.settings) or ""
    assert [check.state for check in look_over(place.settings)] == [State.FINE]


def test_a_replica_takes_the_place_of_a_primary_that_lives_and_of_one_that_died(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    two = making.add(place.settings, "two", SILENT, durable=False)
    with pytest.raises(PrimaryAlive):
        promoting.promote(place.settings, "one", SILENT)
    making.halt(two.home)
    with transaction(engine_for(place.url), Visibility(place.tenant_id)) as db:
        make.create_student(db, name="Dee Byron")
        before = db.scalar(select(func.count()).select_from(Student))
    close_engines(place.url)
    server.down(place.settings)
    monkeypatch.setattr(promoting, "_CAUGHT_UP_WITHIN_S", 1)
    with pytest.raises(ReplicaLacks, match=r"lacks [0-9]+ bytes"):
        promoting.promote(place.settings, "two", SILENT, durable=False)
    monkeypatch.undo()
    server.up(place.settings, durable=False)
    until(lambda: all(one.is_streaming for one in status_of(place.settings)))
    close_engines(place.url)

    done = promoting.promote(place.settings, "one", SILENT, stop_primary=True, durable=False)

    assert done.timeline == 2
    assert done.former is not None
    assert students(place) == before, "nothing that was acknowledged is lost"
    assert reading_url(place.settings) is not None, "the other replica follows the new primary"
    until(lambda: [check.state for check in look_over(place.settings)] == [State.FINE])
    with_former_started(place, done.former)

    pid = crash(place.settings)
    assert postmaster.has_ended(pid, within_s=30)
    done = promoting.promote(place.settings, "two", SILENT, durable=False)
    close_engines(place.url)
    assert (done.timeline, students(place)) == (3, before)
    assert making.every_replica(place.settings) == []

"""What a migration would cost is said before it is done, and nothing is done."""

import json
import subprocess
import time
from pathlib import Path

import psycopg
import pytest

from ops.real_server import clean_environment, rollbook_command, run_rollbook
from ops.versions import Add, adder
from rollbook.core.progress import Silent
from rollbook.ops import migrate
from rollbook.ops.lens.copying import Speeds
from rollbook.ops.lens.errors import FailsOnCopy
from rollbook.ops.lens.explaining import Explanation, _Real, _tried, explain
from rollbook.ops.lens.observing import Effect
from rollbook.ops.lens.predicting import Size, forecast
from rollbook.ops.postmaster import find_postmaster, has_ended
from rollbook.testing.databases import Database

MONTHS = "SELECT rollbook_ensure_months('attendance_records', '2024-01-01', '2024-02-01')"
ALONE = "AccessExclusiveLock"
SPEEDS = Speeds(rewrite=1e6, scan=1e7, build=2e6)


@pytest.fixture
def add(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Add:
    return adder(tmp_path / "versions", monkeypatch)


def said(found: Explanation, statement: str) -> tuple[Effect, str]:
    steps = [step for made in found.migrations for step in made.steps]
    (step,) = [one for one in steps if one.effect.statement.startswith(statement)]
    return step.effect, " ".join(step.sentences)


def test_what_is_missing_is_tried_on_a_copy_with_the_real_sizes(fresh_database: Database, add: Add) -> None:
    url = fresh_database.owner_url
    made = add("CREATE TABLE clubs (id int, name varchar(50)); CREATE INDEX ix_clubs ON clubs (id)")
    migrate.upgrade(url)
    with psycopg.connect(url) as db:
        db.execute("INSERT INTO clubs SELECT n, 'club' FROM generate_series(1, 50000) AS n")
        db.execute("CREATE INDEX ix_by_hand ON clubs (name)")
        db.execute(MONTHS)
    second = add(
        "ALTER TABLE clubs ALTER name TYPE varchar(20); COMMENT ON TABLE clubs IS 'a; b'",
        "ALTER TABLE attendance_records ADD COLUMN why text",
        "DROP INDEX ix_by_hand",
        "CREATE INDEX CONCURRENTLY ix_clubs_name ON clubs (name)",
        "CREATE TABLE rooms (id int); ALTER TABLE rooms ALTER id TYPE bigint",
        revision="29991231_0002",
        after=made,
    )

    found = explain(url, "head", sample_s=0)

    assert [one.revision for one in found.migrations] == [second]
    assert found.is_safe
    assert found.caveat is None
    effect, sentences = said(found, "ALTER TABLE clubs")
    assert (effect.locks, effect.rewritten) == ({"clubs": ALONE}, ("clubs",))
    assert "Takes ACCESS EXCLUSIVE on clubs: readers and writers wait." in sentences
    assert "about 50,000 rows) anew" in sentences
    months, _ = said(found, "ALTER TABLE attendance_records")
    assert months.locks["attendance_records_2024_01"] == ALONE, "the copy has the months that there are"
    assert months.rewritten == ()
    assert said(found, "DROP INDEX")[0].locks == {"clubs": ALONE}, "and the indexes that somebody added"
    build, sentences = said(found, "CREATE INDEX CONCURRENTLY")
    assert (build.by_rule, build.built) == (True, ("clubs",))
    assert "readers and writers go on" in sentences
    assert said(found, "ALTER TABLE rooms")[1] == "Touches nothing that was there before."
    assert [step.id for step in migrate.pending(url)] == [second], "nothing was done"


def test_what_would_fail_is_said(fresh_database: Database, add: Add) -> None:
    """The database stands for the copy here: only what is tried on it matters."""
    shipped = str(migrate.newest())
    step = migrate.Revision(add("ALTER TABLE no_such_table ADD COLUMN a int"), "Fail")
    real = _Real({}, [], 180000, "UTC")
    with pytest.raises(FailsOnCopy, match=f'{step.id} fails .*"no_such_table"'):
        list(_tried(fresh_database.owner_url, shipped, [step], real, Silent()))


def _environment(database: Database) -> dict[str, str]:
    return {"ROLLBOOK_DATABASE_URL": database.url, "ROLLBOOK_OWNER_URL": database.owner_url}


def test_the_copy_goes_when_its_maker_is_killed(fresh_database: Database, tmp_path: Path) -> None:
    with subprocess.Popen(
        rollbook_command("db", "explain", "20261121_1400", "--sample=0"),
        env=clean_environment(tmp_path) | _environment(fresh_database),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as explaining:
        assert explaining.stderr is not None
        while "Trying" not in (line := explaining.stderr.readline()):
            assert line, "it ended by itself"
        (folder,) = tmp_path.glob("scratch/server-*")
        copy = find_postmaster(folder / "data")
        explaining.kill()
    assert copy is not None
    assert has_ended(copy.pid, within_s=30)
    deadline = time.monotonic() + 30
    while any(folder.glob("data/*")):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_what_is_applied_is_tried_on_the_schema_before_it(fresh_database: Database, tmp_path: Path) -> None:
    environment = _environment(fresh_database)
    done = run_rollbook(
        "db", "explain", "20261121_1400", "--sample=0", "--json", home=tmp_path, environment=environment
    )

    assert done.returncode == 0, done.stderr
    (made,) = json.loads(done.stdout)["migrations"]
    locked = [step["effect"]["locks"].get("user_sessions") for step in made["steps"]]
    assert ALONE in locked
    assert made["sentences"] == [
        "Nobody waits long: locks are held an instant, and waited for 150 ms each at most, 1 s in all."
    ]


def test_a_wide_row_takes_hardly_longer_than_a_narrow_one() -> None:
    """What is said to take at least so long does not take less."""
    speeds = Speeds(rewrite=1e6, scan=1e7, build=2e6, row_bytes=100)
    build = [Effect("CREATE INDEX ...", {"a": "ShareLock"}, built=("a",), scanned=("a",))]

    def forecasted(size: Size) -> float:
        return forecast("r", "Try", build, {"a": size}, speeds).stalls[0].seconds

    assert forecasted(Size(bytes=4_000_000, row_count=40_000)) == pytest.approx(2)
    assert forecasted(Size(bytes=4_000_000, row_count=4_000)) == pytest.approx(0.2), "wide rows"
    assert forecasted(Size(bytes=1_000_000, row_count=40_000)) == pytest.approx(0.5), "narrow rows"
    assert forecasted(Size(bytes=4_000_000)) == pytest.approx(2), "nobody counted them"


def test_a_lock_is_held_until_the_migration_ends() -> None:
    """The first statement needs no time, but what follows it does: readers wait for all of it."""
    effects = [
        Effect("ALTER TABLE a ...", {"a": ALONE}),
        Effect("CREATE INDEX ... ON b", {"b": "ShareLock"}, built=("b",), scanned=("b",)),
        Effect("ALTER TABLE c ...", {"c": ALONE}, rewritten=("c",)),
        Effect("VALIDATE ...", {"d": "ShareUpdateExclusiveLock"}, scanned=("d",)),
        Effect(
            "CREATE INDEX CONCURRENTLY ...", {"c": "ShareUpdateExclusiveLock"}, built=("c",), by_rule=True
        ),
        Effect("ALTER TABLE e ...", {"e": ALONE}, scanned=("e",)),
    ]
    sizes = {
        "a": Size(bytes=1, writes_per_s=10, reads_per_s=100),
        "b": Size(bytes=4_000_000, writes_per_s=2),
        "c": Size(bytes=3_000_000, index_bytes=2_000_000),
        "d": Size(bytes=10_000_000),
        "e": Size(bytes=1_000_000),
    }

    made = forecast("r", "Try", effects, sizes, SPEEDS)

    waits = {stall.table: stall.seconds for stall in made.stalls}
    assert waits == pytest.approx({"a": 7.0, "b": 7.0, "c": 5.0, "e": 0.1})
    assert not made.is_safe
    assert made.sentences[0] == (
        "Readers and writers of a would wait at least 7.0 s, at the present rate 700"
        " reads and 70 written rows."
    )
    assert [sentence.partition(" would")[0] for sentence in made.sentences[1:]] == [
        "Writers of b",
        "Readers and writers of c",
    ]

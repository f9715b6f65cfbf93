"""Which slots are due, what a setting and a command choose, and that the released schedules exist."""

from collections.abc import Iterator
from importlib import import_module
from uuid import uuid4

import document
import pytest
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.orm import Session
from typer.main import get_command

from rollbook import cli
from rollbook.core.settings import settings
from rollbook.ops.jobs import schedules
from rollbook.ops.jobs.errors import CronInvalid, ScheduleFixed, SchedulesUnreadable, ScheduleUnknown
from rollbook.ops.jobs.schedules import Schedule, change, chosen, due, from_setting
from rollbook.ops.jobs.timing import check
from rollbook.ops.runs import Noted
from rollbook.testing.databases import Database
from rollbook.worker import operations
from rollbook.worker.catalogue import SCHEDULES

DAILY = {
    "backup": Schedule("backup", "30 1 * * *", "It backs up.", "nowhere:none"),
    "archive": Schedule("archive", "0 3 1 * *", "It archives.", "nowhere:none", is_off=True),
}
COMMANDED = [
    one.runs.partition(":")[2]
    for one in SCHEDULES.values()
    if one.runs.startswith("rollbook.worker.operations:")
]
COMMANDS = dict(document.commands("rollbook", get_command(cli.app)))


@pytest.fixture
def owner(fresh_database: Database) -> Iterator[Engine]:
    engine = create_engine(fresh_database.owner_url)
    yield engine
    engine.dispose()


@pytest.fixture
def setting(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    settings.cache_clear()
    yield monkeypatch
    settings.cache_clear()


def run_sql(engine: Engine, statement: str) -> None:
    with engine.begin() as db:
        db.execute(text(statement))


def names_due(engine: Engine) -> list[str]:
    return [slot.name for slot in due(engine, DAILY)]


def test_a_new_schedule_makes_up_for_nothing_and_a_missed_one_once(owner: Engine) -> None:
    assert names_due(owner) == []

    run_sql(owner, "UPDATE operations.schedules SET since = now() - interval '8 days'")
    (slot,) = due(owner, DAILY)

    assert slot.name == "backup", "seven nights are one job; what is off is none"
    handed = f"('backup', '', {int(slot.slot.timestamp())})"
    run_sql(
        owner,
        "INSERT INTO operations.procrastinate_periodic_defers (task_name, periodic_id, defer_timestamp)"
        f" VALUES {handed}",
    )
    assert names_due(owner) == []


def test_what_is_under_way_is_not_due_again(owner: Engine) -> None:
    names_due(owner)
    run_sql(owner, "UPDATE operations.schedules SET since = now() - interval '8 days'")
    run_sql(
        owner,
        "INSERT INTO operations.procrastinate_jobs (queue_name, task_name, status)"
        " VALUES ('rollbook', 'backup', 'doing')",
    )

    assert names_due(owner) == []


def test_a_moved_schedule_begins_anew(owner: Engine) -> None:
    names_due(owner)
    run_sql(owner, "UPDATE operations.schedules SET since = now() - interval '8 days'")
    with Session(owner) as db, db.begin():
        change(db, DAILY, "backup", cron="0  4 * * *", is_off=None)
        change(db, DAILY, "archive", cron=None, is_off=False)
        held = {one.name: (one.cron, one.is_off) for one in chosen(db, DAILY)}

    assert held == {"backup": ("0 4 * * *", False), "archive": ("0 3 1 * *", False)}
    assert names_due(owner) == []


def test_the_setting_wins_and_no_command_changes_what_it_says(
    owner: Engine, setting: pytest.MonkeyPatch
) -> None:
    setting.setenv("ROLLBOOK_SCHEDULES", "backup = off ; archive=5 5 * * *")
    with Session(owner) as db, db.begin():
        held = {one.name: (one.cron, one.is_off, one.is_fixed) for one in chosen(db, DAILY)}
        with pytest.raises(ScheduleFixed):
            change(db, DAILY, "backup", cron="0 4 * * *", is_off=False)

    assert held == {"backup": ("30 1 * * *", True, True), "archive": ("5 5 * * *", False, True)}


@pytest.mark.parametrize(
    ("said", "error"),
    [
        ("backup", SchedulesUnreadable),
        ("backup=", SchedulesUnreadable),
        ("bakup=off", ScheduleUnknown),
        ("backup=1 2", CronInvalid),
    ],
)
def test_a_setting_that_says_nothing_clear_is_refused(said: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        from_setting(said, DAILY)


def test_an_unknown_schedule_is_not_changed(owner: Engine) -> None:
    with Session(owner) as db, pytest.raises(ScheduleUnknown):
        change(db, DAILY, "backups", cron=None, is_off=True)


@pytest.mark.parametrize("schedule", SCHEDULES.values(), ids=SCHEDULES)
def test_a_released_schedule_names_a_time_a_sentence_and_a_function(schedule: Schedule) -> None:
    module, _, function = schedule.runs.partition(":")

    assert check(schedule.cron) == schedule.cron
    assert schedule.sentence.endswith(".")
    assert callable(getattr(import_module(module), function))


@pytest.mark.parametrize("job", COMMANDED)
def test_a_job_calls_a_command_and_options_that_are_there(job: str, monkeypatch: pytest.MonkeyPatch) -> None:
    called: list[str] = []
    monkeypatch.setattr(operations, "run_command", lambda _run, *words: called.extend(words))

    getattr(operations, job)(Noted(uuid4()))

    name = " ".join(["rollbook", *(word for word in called if not word.startswith("--"))])
    options = {option for parameter in COMMANDS[name].params for option in parameter.opts}
    assert {word for word in called if word.startswith("--")} | {"--json"} <= options


def test_a_schedule_is_described_with_its_latest_run(owner: Engine) -> None:
    run_sql(
        owner,
        "INSERT INTO operations.runs (verb, outcome, ended_at, facts)"
        """ VALUES ('worker.backup', 'failed', now(), '{"error": "The disk is full."}')""",
    )
    with Session(owner) as db:
        backup, archive = schedules.describe(db, DAILY)

    assert backup.last is not None
    assert (backup.last.outcome, backup.last.facts["error"]) == ("failed", "The disk is full.")
    assert backup.next_at is not None
    assert (archive.last, archive.next_at) == (None, None)

"""The commands of the worker and of when backups are made, as somebody types them."""

import json

from commands import rollbook
from rollbook.testing.databases import Database


def test_schedules_are_listed_moved_and_switched(fresh_database: Database) -> None:
    def held(*words: str, setting: str = "") -> dict[str, str]:
        done = rollbook(fresh_database, *words, "--json", ROLLBOOK_SCHEDULES=setting)
        assert done.returncode == 0, done.stderr
        return {one["name"]: one["cron"] for one in json.loads(done.stdout)}

    released = held("worker", "schedules")
    assert released["seals"] == "7 * * * *"
    assert released["retention"] == "off", "what cannot be undone is switched on by hand"
    assert rollbook(fresh_database, "worker", "move", "seals", "37 * * * *").returncode == 0
    assert rollbook(fresh_database, "worker", "off", "risk").returncode == 0
    assert held("worker", "schedules") == released | {"seals": "37 * * * *", "risk": "off"}
    assert rollbook(fresh_database, "worker", "on", "risk").returncode == 0
    assert held("backup", "schedule", "backup", "--at", "15 3 * * *") == {"backup": "15 3 * * *"}
    assert held("backup", "schedule", "dump", "--off") == {"dump": "off"}
    assert held("backup", "schedule")["dump"] == "off"
    assert held("worker", "schedules", setting="seals=off")["seals"] == "off"


def test_what_is_no_schedule_is_refused_in_a_sentence(fresh_database: Database) -> None:
    for words, said in {
        ("worker", "move", "seals", "often"): "is no time of a schedule",
        ("worker", "off", "sals"): "There is no schedule 'sals'",
        ("backup", "schedule", "seals"): "There is no schedule 'seals'",
        ("worker", "retry", "7"): "There is no job 7 that failed",
    }.items():
        done = rollbook(fresh_database, *words)
        assert (done.returncode, said in done.stderr) == (1, True), done.stderr


def test_work_is_done_by_hand_and_none_is_left(fresh_database: Database) -> None:
    done = rollbook(fresh_database, "worker", "run-now", "partitions", "--json")
    assert done.returncode == 0, done.stderr
    assert "attendance_records" in json.loads(done.stdout)["tables"]
    for name in ("seals", "seal-check", "attendance", "rejects", "risk", "tidy"):
        done = rollbook(fresh_database, "worker", "run-now", name)
        assert done.returncode == 0, done.stderr
    assert rollbook(fresh_database, "worker", "jobs").returncode == 0
    assert rollbook(fresh_database, "worker", "alive").returncode == 1

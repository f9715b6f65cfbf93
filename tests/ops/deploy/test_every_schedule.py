"""Each schedule of the catalogue is done once by a real worker, on a server with a district in it."""

import pytest

from ops.real_server import admin, run_rollbook
from rollbook.core.settings import Settings
from rollbook.worker.catalogue import SCHEDULES

ENDED = """
SELECT jobs.task_name, jobs.status::text, runs.outcome
FROM operations.procrastinate_jobs AS jobs
LEFT JOIN operations.runs AS runs
    ON runs.verb = 'worker.' || jobs.task_name AND runs.facts ->> 'job' = jobs.id::text
"""


@pytest.mark.slow
def test_every_schedule_is_done(running: Settings) -> None:
    def do(*words: str) -> str:
        done = run_rollbook(*words, home=running.home)
        assert done.returncode == 0, f"{words}\n{done.stdout}{done.stderr}"
        return done.stdout + done.stderr

    do("db", "migrate")
    do("generate", "district", "--students", "12", "--phases", "1-3")
    do("worker", "schedules")
    # what verifies and proves backups finds one, whichever job is first
    do("backup", "create")
    with admin(running) as db:
        db.execute("UPDATE operations.schedules SET since = '2025-01-01', is_off = false")

    said = do("worker", "run", "--until-idle")

    with admin(running) as db:
        ended = {name: (state, outcome) for name, state, outcome in db.execute(ENDED)}
    assert set(ended) == set(SCHEDULES)
    assert {state for state, _ in ended.values()} == {"succeeded"}, said
    assert {outcome for _, outcome in ended.values()} <= {"done", "findings"}, ended
    # a test's server has neither fsync nor a log that is archived, and is told so
    assert {name for name, (_, outcome) in ended.items() if outcome == "findings"} <= {
        "health",
        "check-up",
        "performance",
    }

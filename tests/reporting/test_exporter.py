"""What Prometheus is told waits for nothing that may be slow."""

import threading
from dataclasses import replace

import pytest

from rollbook.core.checks import Checked, fine
from rollbook.ops.server import ServerStatus
from rollbook.reporting.exporter import Others
from rollbook.reporting.health import Place, Section
from rollbook.testing.databases import Database, TestServer


@pytest.fixture
def status(rollbook_server: TestServer, database: Database) -> ServerStatus:
    return replace(rollbook_server.status, url=database.url, owner_url=database.owner_url)


def test_a_repository_that_is_slow_is_not_waited_for(status: ServerStatus) -> None:
    answers, looks = threading.Event(), list[str]()

    def look(_: Place) -> list[Checked]:
        looks.append("begun")
        assert answers.wait(60)
        return [fine("backup", "Last backup 2 h ago.")]

    others = Others(status, [Section("backups", look)])

    assert others.found() == (0, [])
    assert others.found() == (0, []), "nor is it asked twice"
    answers.set()
    assert others.looking is not None
    others.looking.join()
    at, found = others.found()
    assert at > 0
    assert [one.checked.sentence for one in found] == ["Last backup 2 h ago."]
    assert looks == ["begun"]

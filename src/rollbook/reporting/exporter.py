"""What Prometheus is told: measures of the server, what looks found, when operations last ended well."""

import time
from collections.abc import Iterator
from threading import Lock
from typing import Final

from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector
from sqlalchemy.exc import SQLAlchemyError

from rollbook.ops.runs import last_done
from rollbook.ops.server import ServerStatus
from rollbook.ops.watch.health import judge
from rollbook.ops.watch.measures import watching
from rollbook.ops.watch.metrics import PREFIX, collect, collect_checks, collect_runs, gauge
from rollbook.ops.watch.watcher import Watcher
from rollbook.reporting.health import SECTIONS, Finding, look_at_sections

_LOOK_EVERY_S: Final = 300.0
_OTHERS: Final = tuple(section for section in SECTIONS if section.name != "server")


class ServerFigures(Collector):
    """Measures the server when it is scraped, one scrape at a time; looks at the rest every few minutes."""

    def __init__(self, status: ServerStatus) -> None:
        self._status = status
        self._watcher = Watcher(status)
        self._alone = Lock()
        self._found: list[Finding] = []
        self._looked_at = float("-inf")

    def describe(self) -> list[Metric]:
        """Name nothing beforehand: being registered must not need the server."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Yield every figure; of a server that does not answer that it does not."""
        began = time.perf_counter()
        with self._alone:
            try:
                told = list(self._figures())
            except SQLAlchemyError:
                told = []
        yield gauge(PREFIX + "up", "1 where PostgreSQL answers.", float(bool(told)))
        yield from told
        yield gauge(PREFIX + "measuring_seconds", "How long this look took.", time.perf_counter() - began)

    def _figures(self) -> Iterator[Metric]:
        looked = self._watcher.look()
        yield from collect(looked)
        now = [("server", checked) for checked in judge(looked)]
        yield from collect_checks([*now, *((one.section, one.checked) for one in self._others())])
        with watching(self._status.owner_url) as db:
            yield from collect_runs(last_done(db).values())

    def _others(self) -> list[Finding]:
        if time.monotonic() - self._looked_at > _LOOK_EVERY_S:
            self._found = list(look_at_sections(self._status, _OTHERS))
            self._looked_at = time.monotonic()
        return self._found

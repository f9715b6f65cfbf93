"""What Prometheus is told: measures of the server, what looks found, when operations last ended well."""

import time
from collections.abc import Iterator, Sequence
from threading import Lock, Thread
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
from rollbook.reporting.health import SECTIONS, Finding, Section, look_at_sections

_LOOK_EVERY_S: Final = 300.0
_LOOKED: Final = "rollbook_checks_looked_timestamp_seconds"
_OTHERS: Final = tuple(section for section in SECTIONS if section.name != "server")


class Others:
    """What is found beside the server's own measures, as of a few minutes ago.

    Looked at in the background: a repository of backups may be slow, or away, and Prometheus does not wait.
    """

    def __init__(self, status: ServerStatus, sections: Sequence[Section] = _OTHERS) -> None:
        self._status, self._sections = status, sections
        self._began = float("-inf")
        self._at = 0.0
        self._found: list[Finding] = []
        self.looking: Thread | None = None

    def found(self) -> tuple[float, list[Finding]]:
        """Return when the last look ended, since 1970 (0: none yet), and what it found; begin one in time."""
        is_idle = self.looking is None or not self.looking.is_alive()
        if is_idle and time.monotonic() - self._began > _LOOK_EVERY_S:
            self._began = time.monotonic()
            self.looking = Thread(target=self._look, name="looking", daemon=True)
            self.looking.start()
        return self._at, self._found

    def _look(self) -> None:
        self._found = list(look_at_sections(self._status, self._sections))
        self._at = time.time()


class ServerFigures(Collector):
    """Measures the server when it is scraped, one scrape at a time; tells what a look at the rest found."""

    def __init__(self, status: ServerStatus) -> None:
        self._status = status
        self._watcher = Watcher(status)
        self._alone = Lock()
        self._others = Others(status)

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
        at, others = self._others.found()
        now = [("server", checked) for checked in judge(looked)]
        yield from collect_checks([*now, *((one.section, one.checked) for one in others)])
        if at:
            yield gauge(
                _LOOKED, "When backups, keys, the worker and the like were looked at, since 1970.", at
            )
        with watching(self._status.owner_url) as db:
            yield from collect_runs(last_done(db).values())

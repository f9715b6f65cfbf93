"""Figures of the pool, of what Redis keeps and of a replica for Prometheus, read when asked."""

from collections.abc import Iterator
from dataclasses import asdict

from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy import Engine

from rollbook.core import retrying
from rollbook.core.cache import Counts as CacheCounts
from rollbook.core.cache import cache
from rollbook.core.pool import Figures, figures_of
from rollbook.core.replica import Counts as ReplicaCounts
from rollbook.core.replica import Replica


class PoolCollector(Collector):
    """Connections and what waits for them, and what was tried again."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def collect(self) -> Iterator[Metric]:
        """Yield the figures."""
        figures = figures_of(self._engine)
        yield _connections(figures)
        yield GaugeMetricFamily(
            "rollbook_db_connections_limit", "Most connections of the pool.", figures.limit
        )
        yield GaugeMetricFamily(
            "rollbook_db_connection_held_longest_seconds",
            "How long the connection has been in use that has been so longest.",
            figures.held_longest_s,
        )
        yield from _counters(figures)
        yield _retries()


class AnswersCollector(Collector):
    """Where answers come from: Redis or not, a replica or the primary. Nothing of what is not in use."""

    def __init__(self, replica: Replica | None) -> None:
        self._replica = replica

    def collect(self) -> Iterator[Metric]:
        """Yield the figures."""
        known = cache()
        if known is not None:
            yield GaugeMetricFamily(
                "rollbook_cache_away", "Whether Redis failed and is left alone (1).", float(known.is_away)
            )
            yield _counted("rollbook_cache_answers", "What the cache did.", known.counts)
        if self._replica is not None:
            yield _counted("rollbook_db_reads", "Requests by where they read.", self._replica.counts)


def _counted(name: str, described: str, counts: CacheCounts | ReplicaCounts) -> Metric:
    counter = CounterMetricFamily(name, described, labels=("kind",))
    for kind, count in asdict(counts).items():
        counter.add_metric((kind,), count)
    return counter


def _connections(figures: Figures) -> Metric:
    gauge = GaugeMetricFamily(
        "rollbook_db_connections", "Connections of the pool, by state.", labels=("state",)
    )
    gauge.add_metric(("in_use",), figures.in_use)
    gauge.add_metric(("idle",), figures.idle)
    return gauge


def _counters(figures: Figures) -> Iterator[Metric]:
    for name, described, value in (
        ("opened", "Connections that were opened.", figures.opened),
        ("lost", "Connections that were given up as broken.", figures.lost),
        ("lent", "Times that a connection was lent.", figures.lent),
        ("refused", "Times that none was left in time.", figures.refused),
        ("wait_seconds", "Time spent on getting a connection.", figures.waited_s),
    ):
        yield CounterMetricFamily(f"rollbook_db_pool_{name}", described, value)


def _retries() -> Metric:
    counter = CounterMetricFamily(
        "rollbook_db_retries", "What was tried again as it failed for the moment.", labels=("cause",)
    )
    for cause, count in retrying.retries().items():
        counter.add_metric((cause,), count)
    return counter

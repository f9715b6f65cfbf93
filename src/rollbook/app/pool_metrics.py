"""The pool's figures for Prometheus, read when asked."""

from collections.abc import Iterator

from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy import Engine

from rollbook.core import retrying
from rollbook.core.pool import Figures, figures_of


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

"""What is deployed for Prometheus and Grafana is true: every metric that it names is really there."""

import dataclasses
import json
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import dashboards
import pytest
from prometheus_client import CollectorRegistry, generate_latest

from deploy.prometheus import DEPLOY, INSTALLED, RULES, Prometheus, asked_of, metrics_named, running
from rollbook.core.progress import Silent
from rollbook.ops.runs import noted
from rollbook.ops.server import ServerStatus
from rollbook.ops.watch.serving import listening
from rollbook.reporting.exporter import ServerFigures
from rollbook.reporting.health import check_up
from rollbook.testing.databases import TestServer
from web.clients import serving

NEEDS_PROMETHEUS = pytest.mark.skipif(not INSTALLED, reason="Debian's package prometheus is not installed")


@dataclass(frozen=True)
class Installation:
    """A database in use, its pages and its measures, by their addresses."""

    status: ServerStatus
    web: str
    server: str


@pytest.fixture(scope="module")
def installation(rollbook_server: TestServer) -> Iterator[Installation]:
    with rollbook_server.database() as lent:
        status = dataclasses.replace(rollbook_server.status, url=lent.url, owner_url=lent.owner_url)
        with noted(lent.owner_url, "backup.drill"):
            check_up(status, Silent())
        registry = CollectorRegistry()
        registry.register(ServerFigures(status))
        with listening("127.0.0.1:0", registry, None) as server, serving(lent.url, lent.owner_url) as web:
            thread = threading.Thread(target=server.serve_forever, daemon=True)
            thread.start()
            yield Installation(status, web, f"http://127.0.0.1:{server.server_port}")
            server.shutdown()
            thread.join()


@pytest.fixture(scope="module")
def prometheus(installation: Installation, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    folder = tmp_path_factory.mktemp("prometheus")
    for _ in range(3):
        _read(f"{installation.web}/ready")
        _read(f"{installation.web}/sign-in")
    web, server = (address.removeprefix("http://") for address in (installation.web, installation.server))
    with running(folder, web, server) as started:
        started.wait_for(metrics_named(), scrapes=3)
        yield started


def _read(address: str) -> str:
    with urllib.request.urlopen(address, timeout=30) as answer:
        text: str = answer.read().decode()
    return text


def promtool(*arguments: str, given: str = "") -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        ["promtool", *arguments], input=given, capture_output=True, text=True, check=False, cwd=DEPLOY
    )


@NEEDS_PROMETHEUS
def test_rules_and_configuration_are_right_and_fire(tmp_path: Path) -> None:
    for arguments in (
        ("check", "rules", str(RULES)),
        ("check", "config", "prometheus/prometheus.yml"),
        ("test", "rules", "prometheus/rules_test.yml"),
    ):
        done = promtool(*arguments)
        assert done.returncode == 0, done.stdout + done.stderr
    broken = RULES.parent.parent / "rules_test.yml"
    planted = broken.read_text().replace("0x2 2x30", "0x2 1x30").replace("rules/rollbook.yml", str(RULES))
    (tmp_path / "rules_test.yml").write_text(planted)
    assert promtool("test", "rules", str(tmp_path / "rules_test.yml")).returncode != 0, "the test can fail"


@NEEDS_PROMETHEUS
def test_metrics_follow_the_conventions(installation: Installation) -> None:
    for address in (installation.web, installation.server):
        checked = promtool("check", "metrics", given=_read(f"{address}/metrics"))

        assert (checked.returncode, checked.stdout, checked.stderr) == (0, "", ""), address
    planted = promtool("check", "metrics", given="# TYPE rows counter\nrows 1\n")
    assert "_total" in planted.stdout + planted.stderr, "it would be noticed"


@NEEDS_PROMETHEUS
def test_every_metric_that_is_named_has_samples(prometheus: Prometheus) -> None:
    named = metrics_named()

    assert named - prometheus.names() == set()
    assert {"rollbook_postgres_up", "db_query_duration_seconds_bucket"} <= named
    assert len(named) > 40


@NEEDS_PROMETHEUS
@pytest.mark.parametrize("asked", asked_of().values(), ids=asked_of().keys())
def test_every_line_of_every_panel_shows_something(prometheus: Prometheus, asked: str) -> None:
    assert prometheus.ask("query", query=asked)["result"] != []


@NEEDS_PROMETHEUS
def test_prometheus_takes_the_rules_and_finds_its_targets(prometheus: Prometheus) -> None:
    targets = prometheus.ask("targets")["activeTargets"]
    rules = [rule for group in prometheus.ask("rules")["groups"] for rule in group["rules"]]

    assert {target["labels"]["job"]: target["health"] for target in targets} == {
        "rollbook-web": "up",
        "rollbook-server": "up",
    }
    assert [rule["name"] for rule in rules if rule.get("lastError")] == []
    assert len(rules) > 15


def test_the_dashboards_are_current(monkeypatch: pytest.MonkeyPatch) -> None:
    assert dashboards.stale() == [], "run `make dashboards`"
    monkeypatch.setitem(dashboards.DASHBOARDS, "rollbook-web", ("Another title", dashboards.WEB))
    assert dashboards.stale() == ["rollbook-web"]


def test_every_panel_asks_what_a_dashboard_can_show() -> None:
    sources = {
        json.dumps(panel["datasource"])
        for name in dashboards.DASHBOARDS
        for panel in json.loads(dashboards.dashboard(name))["panels"]
        if panel["type"] != "row"
    }
    provisioned = (DEPLOY / "grafana/provisioning/datasources/rollbook.yml").read_text()

    assert len(sources) == 1
    assert f"uid: {json.loads(sources.pop())['uid']}" in provisioned


def test_a_server_that_does_not_answer_is_told(rollbook_server: TestServer) -> None:
    nowhere = "postgresql://x:y@127.0.0.1:1/z"
    registry = CollectorRegistry()
    registry.register(ServerFigures(dataclasses.replace(rollbook_server.status, owner_url=nowhere)))

    assert "rollbook_postgres_up 0.0" in generate_latest(registry).decode()


def test_figures_are_served_at_one_address_to_whoever_shows_the_token(installation: Installation) -> None:
    registry = CollectorRegistry()
    registry.register(ServerFigures(installation.status))
    with listening("127.0.0.1:0", registry, "a-token-of-some-length") as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        address = f"http://127.0.0.1:{server.server_port}"
        statuses = {
            (path, shown): _status(f"{address}{path}", shown)
            for path in ("/metrics", "/")
            for shown in ("", "Bearer wrong", "Bearer a-token-of-some-length")
        }
        server.shutdown()
        thread.join()

    assert statuses == {
        ("/metrics", ""): 401,
        ("/metrics", "Bearer wrong"): 401,
        ("/metrics", "Bearer a-token-of-some-length"): 200,
        ("/", ""): 404,
        ("/", "Bearer wrong"): 404,
        ("/", "Bearer a-token-of-some-length"): 404,
    }
    assert sys.version not in str(statuses)


def _status(address: str, shown: str) -> int:
    try:
        with urllib.request.urlopen(
            urllib.request.Request(address, headers={"Authorization": shown}), timeout=30
        ) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code

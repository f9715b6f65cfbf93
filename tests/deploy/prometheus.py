"""A real Prometheus, with the files that we deploy, scraping every second what a test serves."""

import json
import re
import shutil
import socket
import subprocess
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
RULES = DEPLOY / "prometheus/rules/rollbook.yml"
DASHBOARDS = sorted((DEPLOY / "grafana/dashboards").glob("*.json"))
EVERY = {"scrape_interval: 15s": "scrape_interval: 1s", "evaluation_interval: 30s": "evaluation_interval: 1s"}
METRIC = re.compile(r"\b(?:rollbook|db_query|process)_[a-z_]+[a-z]\b(?!\")")
INSTALLED = shutil.which("prometheus") is not None and shutil.which("promtool") is not None


@dataclass(frozen=True)
class Prometheus:
    """One that runs, by its address."""

    address: str

    def ask(self, path: str, **parameters: str) -> Any:  # noqa: ANN401 -- a document of JSON
        query = urllib.parse.urlencode(parameters)
        with urllib.request.urlopen(f"{self.address}/api/v1/{path}?{query}", timeout=30) as answer:
            return json.load(answer)["data"]

    def names(self) -> set[str]:
        """Return the names of all metrics that have a sample."""
        return set(self.ask("label/__name__/values"))

    def wait_for(self, names: set[str], scrapes: int) -> None:
        """Wait until each of ``names`` has samples of some ``scrapes``, or all was scraped often enough."""
        rounds = 0
        while rounds < 60 and not (names <= self.names() and self._scraped() >= scrapes):
            time.sleep(0.5)
            rounds += 1

    def _scraped(self) -> float:
        counted = self.ask("query", query="min(count_over_time(up[1m]))")["result"]
        return float(counted[0]["value"][1]) if counted else 0


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as opened:
        port: int = opened.getsockname()[1]
    return port


@contextmanager
def running(folder: Path, web: str, server: str) -> Iterator[Prometheus]:
    """Run Prometheus in ``folder`` over the two targets."""
    shutil.copytree(RULES.parent, folder / "rules")
    said = (DEPLOY / "prometheus/prometheus.yml").read_text()
    for ours, theirs in {"127.0.0.1:8000": web, "127.0.0.1:9187": server, **EVERY}.items():
        assert ours in said
        said = said.replace(ours, theirs)
    (folder / "prometheus.yml").write_text(said.replace("scrape_timeout: 10s", "scrape_timeout: 1s"))
    port = free_port()
    command = [
        "prometheus",
        f"--config.file={folder / 'prometheus.yml'}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
    ]
    log = (folder / "log").open("w")
    with log, subprocess.Popen(command, stdout=log, stderr=log, cwd=folder) as process:
        try:
            _wait(f"http://127.0.0.1:{port}", process, folder / "log")
            yield Prometheus(f"http://127.0.0.1:{port}")
        finally:
            process.terminate()


def _wait(address: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    while True:
        assert process.poll() is None, log.read_text()
        try:
            with urllib.request.urlopen(f"{address}/-/ready", timeout=5):
                return
        except OSError:
            time.sleep(0.1)


def asked_of() -> dict[str, str]:
    """Return every expression of the dashboards, by dashboard and panel, for a minute's rates."""
    found = {}
    for path in DASHBOARDS:
        for panel in json.loads(path.read_text())["panels"]:
            for target in panel.get("targets", ()):
                name = f"{path.stem}: {panel['title']} {target['refId']}"
                found[name] = target["expr"].replace("$__rate_interval", "1m")
    return found


def metrics_named() -> set[str]:
    """Return the names of all metrics that rules and dashboards use."""
    rules = "\n".join(line for line in RULES.read_text().splitlines() if "mend:" not in line)
    expressions = re.findall(r"expr: *(?:\|\n)?(.*?)(?=\n +(?:for|labels):)", rules, re.DOTALL)
    assert len(expressions) == rules.count("alert:")
    text = "\n".join([*expressions, *asked_of().values()])
    return {name for name in METRIC.findall(re.sub(r'"[^"]*"', '""', text)) if not name.endswith("_interval")}

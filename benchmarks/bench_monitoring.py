"""What being watched costs: pgbench's TPS without monitoring, scraped every second, and beside one screen."""

import json
import os
import shutil
import statistics
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from rollbook.ops.binaries import find_binaries
from rollbook.ops.watch.watcher import Watcher
from rollbook.ops.work import running_server

ROLLBOOK: Final = Path(sys.executable).parent / "rollbook"
SECONDS: Final = 10
ROUNDS: Final = 4
CLIENTS: Final = 4
SCALE: Final = 10


def main() -> None:
    status = running_server()
    bench(status.owner_url, "--initialize", f"--scale={SCALE}", "--quiet")
    watcher = Watcher(status)
    looks = [timed(watcher.look) for _ in range(20)]
    ways: dict[str, Callable[[], object]] = {"nobody looks": nobody, "scraped every second": scraped}
    rates: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(ROUNDS):
        for name, way in ways.items():
            with way():  # type: ignore[attr-defined]  # a context manager of either kind
                rates[name].append(tps(status.owner_url))
    medians = {name: statistics.median(found) for name, found in rates.items()}
    costs = [1 - watched / alone for alone, watched in zip(*rates.values(), strict=True)]
    figures = [
        *(
            {"name": f"pgbench, {name}", "value": value, "unit": "transactions/s"}
            for name, value in medians.items()
        ),
        {"name": "cost of being scraped every second", "value": 100 * statistics.median(costs), "unit": "%"},
        {"name": "smallest and largest cost of a round", "value": _span(costs), "unit": "%"},
        {"name": "first look, with all that is costly", "value": looks[0] * 1000, "unit": "ms"},
        {"name": "a look", "value": statistics.median(looks[1:]) * 1000, "unit": "ms"},
    ]
    note = (
        f"pgbench (TPC-B, scale {SCALE}, {CLIENTS} clients, on the two cores of all else) for {SECONDS} s,"
        f" {ROUNDS} rounds, both ways in each: alone, and while `rollbook monitor --listen` is scraped every"
        " second, fifteen times as often as our Prometheus does. Medians."
    )
    print(json.dumps({"name": "Monitoring", "note": note, "figures": figures}))


def _span(costs: list[float]) -> str:
    return f"{100 * min(costs):.1f} to {100 * max(costs):.1f}"


def timed(act: Callable[[], object]) -> float:
    began = time.perf_counter()
    act()
    return time.perf_counter() - began


def bench(url: str, *arguments: str) -> str:
    done = subprocess.run(
        [program(), *arguments, url],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"TZ": "UTC"},
    )
    return done.stdout


def program() -> str:
    """Find pgbench beside the server's programs, else on PATH or where Debian has it."""
    ours = Path(find_binaries(None).program("postgres")).parent / "pgbench"
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin/pgbench"))
    return str(ours if ours.exists() else shutil.which("pgbench") or debian[-1])


def tps(url: str) -> float:
    said = bench(url, f"--time={SECONDS}", f"--client={CLIENTS}", "--no-vacuum")
    line = next(line for line in said.splitlines() if line.startswith("tps = "))
    return float(line.split()[2])


@contextmanager
def nobody() -> Iterator[None]:
    yield


@contextmanager
def scraped() -> Iterator[None]:
    command = [str(ROLLBOOK), "monitor", "--listen", "127.0.0.1:0", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as serving:
        assert serving.stdout is not None
        address = json.loads("".join(serving.stdout.readline() for _ in range(3)))["address"]
        urllib.request.urlopen(address, timeout=30).close()  # the first look is the costly one
        done = threading.Event()
        scraping = threading.Thread(target=scrape, args=(address, done))
        scraping.start()
        yield
        done.set()
        scraping.join()
        serving.terminate()


def scrape(address: str, done: threading.Event) -> None:
    while not done.wait(1):
        with urllib.request.urlopen(address, timeout=30) as answer:
            answer.read()


if __name__ == "__main__":
    main()

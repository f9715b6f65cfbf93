"""Requests/s of an authenticated read of one student, beside one that asks nobody: ARGS=requests."""

import http.client
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit
from uuid import UUID

from memory import most_held_by

from rollbook.accounts.keys import Scope, create_key
from rollbook.accounts.models import Role, User
from rollbook.core.database import engine_for
from rollbook.core.tenancy import Visibility, ensure_tenant, transaction
from rollbook.ops.work import running_server
from rollbook.testing import factories as make

STUDENTS: Final = 25_000
CLIENTS: Final = (1, 4)
SECONDS: Final = 5.0
ROUNDS: Final = 3
TENANT: Final = "bench-requests"
ROLLBOOK: Final = Path(sys.executable).parent / "rollbook"


@dataclass(frozen=True, slots=True)
class Load:
    """Paths to ask for in turn, and the headers that go with each."""

    name: str
    paths: list[str]
    headers: dict[str, str]


def main() -> None:
    key, students = fill()
    figures: list[dict[str, object]] = []
    with serving() as (address, pid):
        bearer = {"Authorization": f"Bearer {key}"}
        ours = Load("one student", [f"/api/v1/students/{one}" for one in students], bearer)
        nobody = Load("/health, which asks no database", ["/health"], {})
        for clients in CLIENTS:
            figures += beside(address, ours, nobody, clients)
        figures.append(
            {"name": "most memory of the serving process", "value": most_held_by(pid) / 1e6, "unit": "MB"}
        )
    note = (
        f"GET /api/v1/students/ID with an API key, of 1,000 of {STUDENTS:,} students in turn: the key"
        " checked, the walls set, the student's card with schools, enrollments and guardians read, the"
        " disclosure written and committed, the answer validated. `rollbook serve`, one process; the clients"
        f" share its two cores. Medians of {ROUNDS} runs of {SECONDS:.0f} s."
    )
    print(json.dumps({"name": "Requests", "note": note, "figures": figures}))


def fill() -> tuple[str, list[UUID]]:
    engine = engine_for(running_server().url, statement_timeout_s=0)
    with transaction(engine, Visibility(0)) as db:
        tenant_id = ensure_tenant(db, TENANT, name=TENANT, is_synthetic=True).tenant_id
    with transaction(engine, Visibility(tenant_id)) as db:
        students = make.batch_students(db, STUDENTS)
        user = User(
            tenant_id=tenant_id, email="bench@example.org", full_name="Bench", role=Role.DISTRICT_ADMIN
        )
        db.add(user)
        db.flush()
        key = create_key(db, user, "bench", [Scope.READ])
        return key.text, students[:1000]


@contextmanager
def serving() -> Iterator[tuple[str, int]]:
    server = subprocess.Popen(
        [ROLLBOOK, "serve", "--port", "0", "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert server.stdout is not None
    try:
        yield json.loads("".join(iter(server.stdout.readline, "}\n")) + "}")["address"], server.pid
    finally:
        server.terminate()
        server.wait(timeout=30)


def beside(address: str, ours: Load, other: Load, clients: int) -> list[dict[str, object]]:
    rounds = [[run(address, load, clients) for load in (ours, other)] for _ in range(ROUNDS)]
    rates = [statistics.median(pair[place][0] for pair in rounds) for place in (0, 1)]
    waits = statistics.median(pair[0][1] for pair in rounds)
    people = f"{clients} client{'s' if clients > 1 else ''}"
    return [
        {"name": f"{ours.name}, {people}", "value": rates[0], "unit": "requests/s"},
        {"name": f"95 of 100 wait no longer, {people}", "value": waits, "unit": "ms"},
        {"name": f"{other.name}, {people}", "value": rates[1], "unit": "requests/s"},
        {"name": f"ratio, {people}", "value": rates[0] / rates[1], "unit": "x"},
    ]


def run(address: str, load: Load, clients: int) -> tuple[float, float]:
    """Return requests/s of all clients together, and the 95th percentile of the waits in milliseconds."""
    with ThreadPoolExecutor(clients) as pool:
        waits = [wait for of_one in pool.map(lambda _: ask(address, load), range(clients)) for wait in of_one]
    return len(waits) / SECONDS, statistics.quantiles(waits, n=20)[-1] * 1000


def ask(address: str, load: Load) -> list[float]:
    connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=30)
    waits: list[float] = []
    ends = time.perf_counter() + SECONDS
    while (begun := time.perf_counter()) < ends:
        connection.request("GET", load.paths[len(waits) % len(load.paths)], headers=load.headers)
        check(connection.getresponse())
        waits.append(time.perf_counter() - begun)
    connection.close()
    return waits


def check(answer: http.client.HTTPResponse) -> None:
    body = answer.read()
    assert answer.status == HTTPStatus.OK, body


if __name__ == "__main__":
    main()

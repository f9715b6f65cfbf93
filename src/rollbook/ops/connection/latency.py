"""How long a question takes that costs the server nothing: the way there and back."""

import statistics
import time
from dataclasses import dataclass
from typing import Final

from rollbook.ops.connection.pooler import Client, ask

_ROUNDS: Final = 200


@dataclass(frozen=True, slots=True)
class Latency:
    """Percentiles of a round trip. Units: milliseconds."""

    p50: float
    p95: float
    p99: float


def measure(db: Client, rounds: int = _ROUNDS) -> Latency:
    """Ask ``rounds`` times, one after the other."""
    took = []
    for _ in range(rounds):
        begin = time.perf_counter()
        ask(db, "SELECT 1")
        took.append((time.perf_counter() - begin) * 1000)
    cuts = statistics.quantiles(took, n=100)
    return Latency(round(cuts[49], 3), round(cuts[94], 3), round(cuts[98], 3))

"""What mean and spread tell for certain of the 95th percentile, where no single time was kept.

pg_stat_statements keeps sums, so there is no p95 to be had from it, and mean + 1.64 standard deviations is
none: times are not normal. But of n calls with this mean, deviation and maximum, the share above t is at most
variance / (variance + (t - mean)^2) (Cantelli) and at most mean / t (Markov). Where that falls to 5 %, p95 is
at most t, whatever the times were.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

_SHARE_ABOVE: Final = 0.05
_HALVINGS: Final = 60


@dataclass(frozen=True, slots=True)
class Times:
    """What is kept of the times of one statement. Units: milliseconds; ``stddev`` is of all calls."""

    calls: int
    mean: float
    stddev: float
    longest: float


def p95_at_most(statements: Sequence[Times]) -> float:
    """Return a time, in milliseconds, that at least 95 % of all these calls did not exceed."""
    calls = sum(one.calls for one in statements)
    low, high = 0.0, max((one.longest for one in statements), default=0.0)
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        above = sum(one.calls * _share_above(one, middle) for one in statements)
        low, high = (middle, high) if above > _SHARE_ABOVE * calls else (low, middle)
    return high


def _share_above(one: Times, limit: float) -> float:
    if limit >= one.longest:
        return 0.0
    if limit <= one.mean:
        return 1.0
    variance = one.stddev**2
    return min(variance / (variance + (limit - one.mean) ** 2), one.mean / limit)

"""Identifiers drawn from the seed: UUIDv7 in form, the same on every run."""

from typing import Final

import numpy as np

from rollbook.demo.calendar import Array

_EPOCH_MS: Final = 1_754_006_400_000  # 1 August 2025, when the district's books were opened


class Ids:
    """Draws ids in ascending order, so that rows land at an index's right edge as real ones do."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._rng = rng
        self._next_ms = _EPOCH_MS

    def draw(self, count: int) -> Array:
        """Return ``count`` new ids (object array of text)."""
        bits = self._rng.integers(0, 1 << 62, size=(count, 2), dtype=np.int64)
        first = self._next_ms
        self._next_ms += count
        return np.array(
            [_text(first + i, int(a) & 0xFFF, int(b)) for i, (a, b) in enumerate(bits.tolist())], dtype=object
        )


def _text(milliseconds: int, rand_a: int, rand_b: int) -> str:
    digits = f"{(milliseconds << 80) | (0x7 << 76) | (rand_a << 64) | (0b10 << 62) | rand_b:032x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"

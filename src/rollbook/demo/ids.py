"""Identifiers drawn from the seed: UUIDv7 in form, the same on every run."""

from typing import Final

import numpy as np

from rollbook.demo.calendar import Array

UUID_BYTES: Final = np.dtype("V16")
_VERSION: Final = np.uint64(0x7000)
_VARIANT: Final = np.uint64(1 << 63)
_TIMESTAMP_BITS: Final = np.uint64(16)
_RAND_A: Final = np.uint64(0xFFF)


class Ids:
    """Draws ids in ascending order, so that rows land at an index's right edge as real ones do."""

    def __init__(self, rng: np.random.Generator, since: Array) -> None:
        self._rng = rng
        self._next_ms = int(since.astype("datetime64[ms]").astype("int64"))

    def draw(self, count: int) -> Array:
        """Return ``count`` new ids, 16 bytes each."""
        bits = self._rng.integers(0, 1 << 62, size=(count, 2), dtype=np.uint64)
        instants = np.arange(self._next_ms, self._next_ms + count, dtype=np.uint64)
        self._next_ms += count
        ids = np.empty((count, 2), dtype=">u8")
        ids[:, 0] = (instants << _TIMESTAMP_BITS) | _VERSION | (bits[:, 0] & _RAND_A)
        ids[:, 1] = _VARIANT | bits[:, 1]
        return ids.reshape(-1).view(UUID_BYTES)

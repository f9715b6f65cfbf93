"""A key ring of a test's own."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from rollbook.core import keyring
from rollbook.core.settings import settings


@contextmanager
def ring_at(path: Path) -> Iterator[Path]:
    """Let the block use a new ring at ``path``."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ROLLBOOK_KEYRING", str(path))
        settings.cache_clear()
        if not path.exists():
            keyring.make_ring()
        yield path
    settings.cache_clear()

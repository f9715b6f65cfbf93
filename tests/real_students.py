"""Where the real students are: ``$ROLLBOOK_SHARED/data/oulad``, by default beside the checkout.

Tests that need them say so by ``pytestmark = NEEDS_OULAD``; those that need the documents of the original
systems, in ``originals`` beside ``data``, by NEEDS_ORIGINALS. They are skipped where the folder is absent,
and where CI=true that fails; a CI without such data says ROLLBOOK_SHARED=none, and then they are not
selected.
"""

import os
from pathlib import Path
from typing import Final

import pytest

SHARED: Final = Path(os.environ.get("ROLLBOOK_SHARED") or Path(__file__).parents[2] / "shared")
OULAD: Final = SHARED / "data/oulad"
IS_DECLARED_ABSENT: Final = os.environ.get("ROLLBOOK_SHARED") == "none"
NEEDS_OULAD: Final = [
    pytest.mark.real_students,
    pytest.mark.skipif(not OULAD.is_dir(), reason=f"no folder {OULAD}; set ROLLBOOK_SHARED"),
]
ORIGINALS: Final = SHARED / "originals"
NEEDS_ORIGINALS: Final = [
    pytest.mark.real_students,
    pytest.mark.skipif(not ORIGINALS.is_dir(), reason=f"no folder {ORIGINALS}; set ROLLBOOK_SHARED"),
]


def selected(items: list[pytest.Item]) -> list[pytest.Item]:
    """Leave out the tests on real students where it was said that there are none."""
    return [item for item in items if not (IS_DECLARED_ABSENT and item.get_closest_marker("real_students"))]

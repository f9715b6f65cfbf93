"""What the application asks of a restored database before anybody works with it. Higher floors hand it in."""

from collections.abc import Callable, Sequence
from typing import Final

from rollbook.core.checks import Checked

Smoke = Callable[[str, str], Sequence[Checked]]
"""Takes the URLs of the application's role and of the owner. What it finds wrong refuses the database."""

_HANDED_IN: Final[list[Smoke]] = []


def hand_in(smoke: Smoke) -> None:
    """Have every restore and drill ask ``smoke`` too."""
    if smoke not in _HANDED_IN:
        _HANDED_IN.append(smoke)


def handed_in() -> Sequence[Smoke]:
    """Return all that was handed in."""
    return tuple(_HANDED_IN)

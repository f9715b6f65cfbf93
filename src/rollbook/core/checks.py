"""What a look at an installation finds: each room says it of its own, `rollbook doctor` of all."""

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """How bad it is. Of what is ``wrong`` data may leak or be lost; a ``warning`` can wait for a weekday."""

    FINE = "fine"
    WARNING = "warning"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class Checked:
    """One thing that was looked at. ``mend`` says what to do, where there is something to do."""

    name: str
    state: State
    sentence: str
    mend: str | None = None


def fine(name: str, sentence: str) -> Checked:
    """Say that nothing needs doing."""
    return Checked(name, State.FINE, sentence)

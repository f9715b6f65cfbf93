"""The four levels as people read them. A level says what to do, not what a child is."""

from dataclasses import dataclass
from typing import Final

from rollbook.risk.models import RiskCategory


@dataclass(frozen=True, slots=True)
class Level:
    """A category with its words; ``steps`` of four is its place on the scale."""

    value: str
    word: str
    meaning: str
    steps: int


LEVELS: Final = {
    RiskCategory.CRITICAL: Level("critical", "Look first", "Among the highest scores; see them first.", 4),
    RiskCategory.HIGH: Level("high", "Look this week", "High enough to need someone's time this week.", 3),
    RiskCategory.MEDIUM: Level("medium", "Keep an eye", "Above most; watch the next list.", 2),
    RiskCategory.LOW: Level("low", "On track", "Nothing to do for now.", 1),
}
NEED_A_LOOK: Final = (RiskCategory.CRITICAL, RiskCategory.HIGH)

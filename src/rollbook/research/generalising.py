"""How far each quasi-identifier is generalised: as little as leaves few in a class smaller than k."""

from collections.abc import Mapping
from typing import Final

from sqlalchemy import text
from sqlalchemy.orm import Session

# Levels of each, from what is there to nothing; beside it what a level costs a researcher, as a weight.
HIERARCHIES: Final[Mapping[str, tuple[tuple[str, ...], float]]] = {
    "school": (("school_0", "school_1", "'*'"), 2.0),
    "grade": (("grade_0", "grade_1", "'*'"), 2.0),
    "gender": (("gender_0", "'*'"), 2.0),
    "race": (("race_0", "race_1", "'*'"), 2.0),
    "english_learner": (("english_learner_0", "'*'"), 1.0),
    "special_education": (("special_education_0", "'*'"), 1.0),
    "economic_status": (("economic_status_0", "'*'"), 1.0),
    "language": (("language_0", "language_1", "'*'"), 0.5),
    "absence": (("absence_0", "absence_1", "'*'"), 3.0),
}
# So many students may be blurred one by one before all are generalised further.
MOST_BLURRED: Final = 0.05

Levels = dict[str, int]
NOTHING: Final[Levels] = dict.fromkeys(HIERARCHIES, 0)


def expressions(levels: Levels) -> list[str]:
    """Return the column of research_people for each quasi-identifier at its level."""
    return [HIERARCHIES[name][0][level] for name, level in levels.items()]


def choose_levels(db: Session, k: int) -> Levels:
    """Return levels at which at most one student in twenty is in a class smaller than ``k``.

    Greedy: the step that leaves fewest in small classes for its cost, until they are few; then each step
    back that keeps them few.
    """
    students: int = db.execute(text("SELECT count(*) FROM research_people")).scalar_one()
    most = students * MOST_BLURRED
    levels = dict(NOTHING)
    rare = count_rare(db, levels, k)
    while rare > most:
        steps = [(_gain(db, levels, name, k, rare), name) for name in levels if _can_step(levels, name)]
        if not steps:
            break
        _, best = max(steps)
        levels[best] += 1
        rare = count_rare(db, levels, k)
    return _step_back(db, levels, k, most)


def _can_step(levels: Levels, name: str) -> bool:
    return levels[name] + 1 < len(HIERARCHIES[name][0])


def _gain(db: Session, levels: Levels, name: str, k: int, rare: int) -> float:
    return (rare - count_rare(db, levels | {name: levels[name] + 1}, k)) / HIERARCHIES[name][1]


def _step_back(db: Session, levels: Levels, k: int, most: float) -> Levels:
    for name in sorted(levels, key=lambda name: -HIERARCHIES[name][1]):
        while levels[name] and count_rare(db, levels | {name: levels[name] - 1}, k) <= most:
            levels[name] -= 1
    return levels


def count_rare(db: Session, levels: Levels, k: int) -> int:
    """Return how many students are in classes smaller than ``k``."""
    columns = ", ".join(dict.fromkeys(one for one in expressions(levels) if one != "'*'"))
    grouped = f"GROUP BY {columns}" if columns else ""
    query = (
        "SELECT coalesce(sum(students) FILTER (WHERE students < :k), 0)"  # noqa: S608 -- columns of ours
        f" FROM (SELECT count(*) AS students FROM research_people {grouped}) AS classes"
    )
    return int(db.execute(text(query), {"k": k}).scalar_one())

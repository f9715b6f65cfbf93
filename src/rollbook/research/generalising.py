"""How far each quasi-identifier is generalised: as little as leaves few in a class that breaks the rule."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
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
_BREAKS: Final = (
    "count(*) < :k OR (:l_courses_failed > 1 AND count(DISTINCT courses_failed) < :l_courses_failed)"
    " OR (:l_incidents > 1 AND count(DISTINCT incidents) < :l_incidents)"
)
# So many students may be blurred one by one before all are generalised further.
MOST_BLURRED: Final = 0.05

Levels = dict[str, int]


@dataclass(frozen=True, slots=True)
class ClassRule:
    """What each class of students who are alike must have: so many students, so many values of each."""

    k: int
    l_courses_failed: int = 1
    l_incidents: int = 1

    @property
    def facts(self) -> dict[str, int]:
        """The parameters of the queries that ask for it."""
        return asdict(self)


NOTHING: Final[Levels] = dict.fromkeys(HIERARCHIES, 0)


def expressions(levels: Levels) -> list[str]:
    """Return the column of research_people for each quasi-identifier at its level."""
    return [HIERARCHIES[name][0][level] for name, level in levels.items()]


def choose_levels(db: Session, rule: ClassRule) -> Levels:
    """Return levels at which at most one student in twenty is in a class that breaks ``rule``.

    Greedy: the step that leaves fewest in such classes for its cost, until they are few; then each step
    back that keeps them few.
    """
    students: int = db.execute(text("SELECT count(*) FROM research_people")).scalar_one()
    most = students * MOST_BLURRED
    levels = dict(NOTHING)
    rare = count_rare(db, levels, rule)
    while rare > most:
        steps = [(_gain(db, levels, name, rule, rare), name) for name in levels if _can_step(levels, name)]
        if not steps:
            break
        _, best = max(steps)
        levels[best] += 1
        rare = count_rare(db, levels, rule)
    return _step_back(db, levels, rule, most)


def _can_step(levels: Levels, name: str) -> bool:
    return levels[name] + 1 < len(HIERARCHIES[name][0])


def _gain(db: Session, levels: Levels, name: str, rule: ClassRule, rare: int) -> float:
    return (rare - count_rare(db, levels | {name: levels[name] + 1}, rule)) / HIERARCHIES[name][1]


def _step_back(db: Session, levels: Levels, rule: ClassRule, most: float) -> Levels:
    for name in sorted(levels, key=lambda name: -HIERARCHIES[name][1]):
        while levels[name] and count_rare(db, levels | {name: levels[name] - 1}, rule) <= most:
            levels[name] -= 1
    return levels


def count_rare(db: Session, levels: Levels, rule: ClassRule) -> int:
    """Return how many students are in classes that break ``rule``."""
    columns = ", ".join(dict.fromkeys(one for one in expressions(levels) if one != "'*'"))
    grouped = f"GROUP BY {columns}" if columns else ""
    query = (
        "SELECT coalesce(sum(students) FILTER (WHERE breaks), 0)"  # noqa: S608 -- columns of ours
        f" FROM (SELECT count(*) AS students, {_BREAKS} AS breaks FROM research_people {grouped}) AS classes"
    )
    return int(db.execute(text(query), rule.facts).scalar_one())

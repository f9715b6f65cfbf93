"""Courses that a student takes again: which tries count, as the tenant's rule says.

A course is repeated by taking it in several school years. Its sections of one year are its parts, such as two
semesters, and the most that was attempted in one year is what the course is worth, as often as it may be
completed for credit: so much of it counts.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from itertools import accumulate, groupby
from typing import Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from rollbook.core.numbers import Number
from rollbook.grades.models import GradeRule, RepeatPolicy

_NOTHING: Final = Decimal(0)
_PASSED: Final = Decimal("0.005")  # without points: above an F, below every letter that passes
_OPEN: Final = Decimal(-1)


@dataclass(frozen=True, slots=True)
class CourseGradeLine:
    """A line of a transcript.

    ``completions``: how often the course brings credit. ``is_counted`` False: another try counts instead.
    ``credits_counted``: those earned that no earlier try had earned already.
    """

    school_year: int
    session_code: str
    session_title: str
    starts_on: date
    section_id: UUID
    course_id: UUID
    course_code: str
    title: str
    section_code: str
    course_level: str
    grade_letter: str | None
    grade_percent: Number | None
    is_final: bool
    grade_points: Number | None
    bonus: Number
    credits_attempted: Number | None
    credits_earned: Number | None
    awarded_on: date
    completions: int
    is_counted: bool = True
    credits_counted: Number | None = None

    @property
    def weight(self) -> Decimal:
        """The credits attempted; where none are known all courses weigh alike."""
        return Decimal(1) if self.credits_attempted is None else self.credits_attempted


def repeat_policy_of(db: Session, tenant_id: int) -> RepeatPolicy:
    """Return what of a repeated course counts: the best try, unless the tenant says otherwise."""
    said = db.scalar(select(GradeRule.repeat_policy).where(GradeRule.tenant_id == tenant_id))
    return said or RepeatPolicy.BEST


def set_repeat_policy(db: Session, tenant_id: int, policy: RepeatPolicy) -> None:
    """Say what of a repeated course counts, for any day: it is a rule and no fact."""
    row = insert(GradeRule).values(tenant_id=tenant_id, repeat_policy=policy)
    db.execute(row.on_conflict_do_update(index_elements=["tenant_id"], set_={"repeat_policy": policy}))


def count_tries(lines: Sequence[CourseGradeLine], policy: RepeatPolicy) -> list[CourseGradeLine]:
    """Say of each line what of it counts. Lines that are not final are left as they are."""
    counted = {_key(line): line for line in lines if not line.is_final}
    final = sorted((line for line in lines if line.is_final), key=lambda line: line.course_id)
    for _, of_course in groupby(final, key=lambda line: line.course_id):
        tried = list(of_course)
        is_repeated = policy is not RepeatPolicy.ALL and _is_repeated(tried)
        counted |= {
            _key(line): line for line in (_settle(tried, policy) if is_repeated else map(_count, tried))
        }
    return [counted[_key(line)] for line in lines]


def _key(line: CourseGradeLine) -> tuple[UUID, str]:
    return line.section_id, line.session_code


def _count(line: CourseGradeLine) -> CourseGradeLine:
    return replace(line, credits_counted=line.credits_earned)


def _worth(tried: Sequence[CourseGradeLine]) -> Decimal:
    by_year = groupby(sorted(tried, key=lambda line: line.school_year), key=lambda line: line.school_year)
    return max(sum((line.weight for line in part), _NOTHING) for _, part in by_year) * tried[0].completions


def _is_repeated(tried: Sequence[CourseGradeLine]) -> bool:
    is_several = len({line.school_year for line in tried}) > 1
    return is_several and sum(line.weight for line in tried) > _worth(tried)


def _settle(tried: Sequence[CourseGradeLine], policy: RepeatPolicy) -> Iterator[CourseGradeLine]:
    """Count tries in the policy's order until the course's worth is reached, credits in that of time."""
    counting = set(_counting(tried, policy))
    left = _worth(tried)
    for line in sorted(tried, key=lambda line: (line.awarded_on, line.section_id, line.session_code)):
        earned = None if line.credits_earned is None else min(line.credits_earned, left)
        left -= earned or _NOTHING
        yield replace(line, is_counted=line.section_id in counting, credits_counted=earned)


def _counting(tried: Sequence[CourseGradeLine], policy: RepeatPolicy) -> Iterator[UUID]:
    """Yield the sections that count; the first does in any case."""
    by_section = sorted(tried, key=lambda line: line.section_id)
    sections = [list(part) for _, part in groupby(by_section, key=lambda line: line.section_id)]
    sections.sort(key=lambda part: _rank(part, policy), reverse=True)
    worth = _worth(tried)
    filled = accumulate(sum((line.weight for line in part), _NOTHING) for part in sections)
    for place, (part, so_far) in enumerate(zip(sections, filled, strict=True)):
        if place == 0 or so_far <= worth:
            yield part[0].section_id


def _rank(part: Sequence[CourseGradeLine], policy: RepeatPolicy) -> tuple[object, ...]:
    awarded, points = max(line.awarded_on for line in part), _points(part)
    first = (awarded, points) if policy is RepeatPolicy.LATEST else (points, awarded)
    return *first, part[0].section_id


def _points(part: Iterable[CourseGradeLine]) -> Decimal:
    weighed = [(line.grade_points, line.weight) for line in part if line.grade_points is not None]
    weight = sum((weight for _, weight in weighed), _NOTHING)
    if weight:
        return sum((points * weight for points, weight in weighed), _NOTHING) / weight
    return _PASSED if any(line.credits_earned for line in part) else _OPEN

"""Grade scales: how letters become points. A tenant has those that it defines; one of them is its default."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final

from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import Session

from rollbook.core import clock
from rollbook.core.errors import Conflict, Invalid, NotFound
from rollbook.grades.models import GradeScale, GradeScaleStep

MOST_POINTS: Final = 5
STANDARD_CODE: Final = "4.0"


class ScaleInvalid(Invalid):
    """The grade scale is not valid: {reason}."""


class ScaleNotFound(NotFound):
    """There is no grade scale '{code}'. `rollbook grades scale list` names them."""


class ScaleTaken(Conflict):
    """There is a grade scale '{code}' already. Define it anew with `rollbook grades scale define {code}`."""


class NoDefaultScale(NotFound):
    """No grade scale is the default, so letters have no points.

    `rollbook grades scale standard` adds the usual 4.0 scale; `define` makes one of your own.
    """


@dataclass(frozen=True, slots=True)
class Step:
    """A letter. ``min_percent``: from here up to the next; ``grade_points`` None: in no GPA (pass/fail)."""

    grade_letter: str
    min_percent: Decimal | None
    grade_points: Decimal | None


@dataclass(frozen=True, slots=True)
class Bonuses:
    """Units: points, added in a weighted GPA to each course of that level that was passed."""

    honors: Decimal = Decimal("0.5")
    advanced_placement: Decimal = Decimal(1)
    dual_credit: Decimal = Decimal(1)


@dataclass(frozen=True, slots=True)
class Scale:
    """A scale with its letters, the best first."""

    scale_code: str
    title: str
    is_default: bool
    bonuses: Bonuses
    steps: Sequence[Step]


def _steps(text: str) -> tuple[Step, ...]:
    parts = (word.split("/") for word in text.split())
    return tuple(Step(letter, Decimal(percent), Decimal(points)) for letter, percent, points in parts)


STANDARD: Final = Scale(
    scale_code=STANDARD_CODE,
    title="The usual 4.0 scale",
    is_default=True,
    bonuses=Bonuses(),
    steps=_steps(
        "A/93/4.0 A-/90/3.7 B+/87/3.3 B/83/3.0 B-/80/2.7 C+/77/2.3 C/73/2.0 C-/70/1.7 D+/67/1.3 D/63/1.0"
        " D-/60/0.7 F/0/0"
    ),
)


def define_scale(db: Session, tenant_id: int, scale: Scale) -> None:
    """Add ``scale``, or let the one of that code be as it says; only one is the default.

    Raises: ``ScaleInvalid``.
    """
    _check(scale)
    found = _find(db, tenant_id, scale.scale_code)
    if found and _scale(db, found) == replace(scale, steps=_best_first(scale.steps)):
        return
    now = clock.now()
    if scale.is_default:
        others = GradeScale.tenant_id == tenant_id, GradeScale.scale_code != scale.scale_code
        unset = (
            update(GradeScale).where(*others, GradeScale.is_default).values(is_default=False, known_at=now)
        )
        db.execute(unset)
    row = found or GradeScale(tenant_id=tenant_id, scale_code=scale.scale_code)
    row.title, row.is_default, row.known_at = scale.title, scale.is_default, now
    row.honors_bonus = scale.bonuses.honors
    row.advanced_placement_bonus = scale.bonuses.advanced_placement
    row.dual_credit_bonus = scale.bonuses.dual_credit
    db.add(row)
    db.flush()
    _replace_steps(db, row, scale.steps)


def add_standard_scale(db: Session, tenant_id: int) -> Scale:
    """Add the usual 4.0 scale, as the default where there is none yet.

    Raises: ``ScaleTaken``.
    """
    if _find(db, tenant_id, STANDARD_CODE):
        raise ScaleTaken(code=STANDARD_CODE)
    has_default = any(scale.is_default for scale in list_scales(db, tenant_id))
    scale = replace(STANDARD, is_default=not has_default)
    define_scale(db, tenant_id, scale)
    return scale


def list_scales(db: Session, tenant_id: int) -> list[Scale]:
    """Return the tenant's scales by code."""
    rows = db.scalars(
        select(GradeScale).where(GradeScale.tenant_id == tenant_id).order_by(GradeScale.scale_code)
    )
    return [_scale(db, row) for row in rows]


def find_scale(db: Session, tenant_id: int, code: str) -> Scale:
    """Return one scale.

    Raises: ``ScaleNotFound``.
    """
    row = _find(db, tenant_id, code)
    if row is None:
        raise ScaleNotFound(code=code)
    return _scale(db, row)


def require_default(db: Session, tenant_id: int) -> None:
    """Make sure that letters have points.

    Raises: ``NoDefaultScale``.
    """
    found = select(GradeScale.grade_scale_id).where(GradeScale.tenant_id == tenant_id, GradeScale.is_default)
    if db.scalar(found) is None:
        raise NoDefaultScale


def _find(db: Session, tenant_id: int, code: str) -> GradeScale | None:
    found = select(GradeScale).where(GradeScale.tenant_id == tenant_id, GradeScale.scale_code == code)
    return db.scalar(found.execution_options(populate_existing=True))


def _scale(db: Session, row: GradeScale) -> Scale:
    step = GradeScaleStep
    found = select(step.grade_letter, step.min_percent, step.grade_points).where(
        step.tenant_id == row.tenant_id, step.grade_scale_id == row.grade_scale_id
    )
    bonuses = Bonuses(row.honors_bonus, row.advanced_placement_bonus, row.dual_credit_bonus)
    steps = _best_first([Step(*letter) for letter in db.execute(found)])
    return Scale(row.scale_code, row.title, row.is_default, bonuses, steps)


def _best_first(steps: Sequence[Step]) -> tuple[Step, ...]:
    """Order by where the letters begin; those that no percent gives come last."""
    return tuple(sorted(steps, key=_place))


def _place(step: Step) -> tuple[Decimal, str]:
    return (Decimal(1) if step.min_percent is None else -step.min_percent), step.grade_letter


def _replace_steps(db: Session, row: GradeScale, steps: Sequence[Step]) -> None:
    key = {"tenant_id": row.tenant_id, "grade_scale_id": row.grade_scale_id}
    old = delete(GradeScaleStep).where(
        GradeScaleStep.tenant_id == row.tenant_id, GradeScaleStep.grade_scale_id == row.grade_scale_id
    )
    db.execute(old.execution_options(synchronize_session=False))
    values = [
        key
        | {
            "grade_letter": step.grade_letter,
            "min_percent": step.min_percent,
            "grade_points": step.grade_points,
            "known_at": row.known_at,
        }
        for step in steps
    ]
    db.execute(insert(GradeScaleStep.__table__), values)  # type: ignore[arg-type]  # a Table, says the mapper


def _check(scale: Scale) -> None:
    letters = [step.grade_letter for step in scale.steps]
    starts = [step.min_percent for step in scale.steps if step.min_percent is not None]
    points = [step.grade_points for step in scale.steps if step.grade_points is not None]
    bonuses = (scale.bonuses.honors, scale.bonuses.advanced_placement, scale.bonuses.dual_credit)
    faults = {
        "it has no letter": not letters,
        "a letter is empty": not all(letter.strip() for letter in letters),
        "a letter is there twice": len(set(letters)) < len(letters),
        "two letters begin at the same percent": len(set(starts)) < len(starts),
        "a percent is not from 0 to 100": not all(0 <= start <= 100 for start in starts),  # noqa: PLR2004 -- %
        f"points are not from 0 to {MOST_POINTS}": not all(0 <= p <= MOST_POINTS for p in points),
        f"a bonus is not from 0 to {MOST_POINTS}": not all(0 <= bonus <= MOST_POINTS for bonus in bonuses),
    }
    for reason, is_so in faults.items():
        if is_so:
            raise ScaleInvalid(reason=reason)

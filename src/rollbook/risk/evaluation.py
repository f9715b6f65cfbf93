"""The protocol `oulad`: how good the models are on students, days and presentations they did not see."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from sqlalchemy.orm import Session

from rollbook.core.clock import now
from rollbook.core.progress import Report, Silent
from rollbook.core.sql import named_sql
from rollbook.core.tenancy import Tenant
from rollbook.risk.arrays import Floats
from rollbook.risk.calibration import both_kinds
from rollbook.risk.errors import CourseUnknown, NothingToEvaluate, PresentationUnknown
from rollbook.risk.features import Features, feature_set_version
from rollbook.risk.holdout import FOLDS, fit_candidates, held_out_scores
from rollbook.risk.metrics import Figure
from rollbook.risk.metrics import evaluate as figures_of
from rollbook.risk.splits import Frame, Split, code_of
from rollbook.risk.training import TrainingRows, allow_thinking, labelled_rows

DAYS: Final = (14, 28, 56, 84, 112)
_SQL: Final = named_sql("rollbook.risk")
_SILENT: Final = Silent()
_LEAST_EACH: Final = FOLDS


@dataclass(frozen=True, slots=True)
class Score:
    """One model on one split of one day."""

    protocol: str
    day: int
    with_clicks: bool
    fitted_on: tuple[str, ...]
    fitted_courses: str
    tested_on: tuple[str, ...]
    model: str
    rows: int
    positives: int
    figures: dict[str, Figure]


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Every score, and what could not be had and why. The same rows give the same document."""

    tenant: str
    feature_set_version: str
    days: tuple[int, ...]
    scores: tuple[Score, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """Which days after the start; tested on these courses only; fitted and tested on these presentations."""

    days: tuple[int, ...] = DAYS
    courses: tuple[str, ...] = ()
    fit: str | None = None
    test: str | None = None


def evaluate(db: Session, tenant: Tenant, choice: Choice, report: Report = _SILENT) -> Evaluation:
    """Score what is loaded: in five folds by student, and each latest presentation by the ones before.

    Raises: ``NothingToEvaluate``; ``CourseUnknown``; ``PresentationUnknown``.
    """
    allow_thinking(db)
    rows = labelled_rows(db, tenant, choice.days, learned_by=now().date(), report=report)
    if not len(rows):
        raise NothingToEvaluate(tenant=tenant.slug, days=", ".join(map(str, choice.days)))
    _require_known(tenant, rows, choice)
    ends = _ends(db, rows)
    scores: list[Score] = []
    notes: list[str] = []
    for day in choice.days:
        of_day = rows.where([subject.days_elapsed == day for subject in rows.subjects])
        if not len(of_day):
            notes.append(f"day {day}: nobody with a known result was enrolled and undecided then")
            continue
        frame = Frame(of_day, ends, choice.courses)
        notes += _alone(frame, day)
        scores += _scores(frame, day, choice, report, notes)
    return Evaluation(tenant.slug, feature_set_version(), choice.days, tuple(scores), tuple(notes))


def _scores(frame: Frame, day: int, choice: Choice, report: Report, notes: list[str]) -> list[Score]:
    found: list[Score] = []
    splits = list(frame.splits(day, choice.fit, choice.test))
    report.step(f"Day {day}", len(splits) * FOLDS)
    for split in splits:
        if not _is_usable(frame.rows, split):
            words = f"fitted on {' '.join(split.fitted_on)}, tested on {' '.join(split.tested_on)}"
            notes.append(f"day {day}, {split.protocol}, {words}: too few of one kind of outcome")
            continue
        found += _score(frame.rows, day, split, report)
    return found


def _score(rows: TrainingRows, day: int, split: Split, report: Report) -> list[Score]:
    """Return each model's figures on one split."""
    tested = rows.where(split.test.tolist())
    return [
        Score(
            split.protocol,
            day,
            split.with_clicks,
            split.fitted_on,
            split.fitted_courses,
            split.tested_on,
            model,
            len(tested),
            int(tested.at_risk.sum()),
            figures_of(tested.at_risk, scores, tested.students),
        )
        for model, scores in _predicted(rows, tested, split, report).items()
    ]


def _predicted(rows: TrainingRows, tested: TrainingRows, split: Split, report: Report) -> dict[str, Floats]:
    features = _seen(tested.features, split)
    if split.fit is None:
        return held_out_scores(features, tested.at_risk, tested.students, report)
    fitted = rows.where(split.fit.tolist())
    scores = fit_candidates(_seen(fitted.features, split), fitted.at_risk).scores(features)
    report.advance(FOLDS)
    return scores


def _seen(features: Features, split: Split) -> Features:
    return features if split.with_clicks else features.without("activity")


def _is_usable(rows: TrainingRows, split: Split) -> bool:
    fit = split.test if split.fit is None else split.fit
    positives = rows.at_risk[fit].sum()
    enough = min(positives, fit.sum() - positives) >= _LEAST_EACH
    return bool(enough and both_kinds(rows.at_risk, split.test))


def _alone(frame: Frame, day: int) -> list[str]:
    if len(frame.presentations) > 1:
        return []
    return [f"day {day}: only {frame.presentations[0].code} is loaded; 'next' needs an earlier presentation"]


def _ends(db: Session, rows: TrainingRows) -> dict[str, date]:
    """Return when each presentation has ended in all its courses."""
    last = {row.section_code: row.ends_on for row in db.execute(_SQL["presentation_ends"])}
    return {code_of(s): last.get(s.section_code) or date.max for s in rows.subjects}


def _require_known(tenant: Tenant, rows: TrainingRows, choice: Choice) -> None:
    courses = sorted({subject.course_code or "" for subject in rows.subjects})
    codes = sorted({code_of(subject) for subject in rows.subjects})
    _require(choice.courses, courses, CourseUnknown, tenant)
    named = [code for code in (choice.fit, choice.test) if code is not None]
    _require(named, codes, PresentationUnknown, tenant)


def _require(
    named: Sequence[str],
    known: Sequence[str],
    error: type[CourseUnknown] | type[PresentationUnknown],
    tenant: Tenant,
) -> None:
    for code in named:
        if code not in known:
            raise error(code=code, tenant=tenant.slug, known=", ".join(known))

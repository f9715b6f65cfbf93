"""One student's scores: where they stand, how they came there, and why."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import Row
from sqlalchemy.orm import Session

from rollbook.core.tenancy import Tenant
from rollbook.risk.caseload import Factor, factors_of, points_between
from rollbook.risk.levels import LEVELS, Level
from rollbook.risk.lists import SQL, RiskList
from rollbook.risk.models import RiskCategory


@dataclass(frozen=True, slots=True)
class Score:
    """A score of one date."""

    as_of: date
    risk_score: float
    risk_category: RiskCategory
    confidence: float
    rank: int
    cohort_size: int
    model_version: str

    @property
    def level(self) -> Level:
        """The category in words."""
        return LEVELS[self.risk_category]


@dataclass(frozen=True, slots=True)
class SubjectRisk:
    """A student's scores in a section, or as a whole; ``history`` oldest first, the last one explained.

    ``left_on``: the date of the first list without the student, where the one that stands is without them.
    """

    section_id: UUID | None
    course: str | None
    section_code: str | None
    history: Sequence[Score]
    factors: Sequence[Factor]
    left_on: date | None

    @property
    def latest(self) -> Score:
        """The score that stands, or the last one that did."""
        return self.history[-1]

    @property
    def previous(self) -> Score | None:
        """The score before it."""
        return self.history[-2] if len(self.history) > 1 else None

    @property
    def points(self) -> int | None:
        """The change since then, in points of a hundred."""
        return points_between(self.previous.risk_score if self.previous else None, self.latest.risk_score)


def risk_of(db: Session, tenant: Tenant, student_id: UUID, lists: Sequence[RiskList]) -> list[SubjectRisk]:
    """Return the student's subjects in the newest of ``lists`` that has the student, highest score first.

    ``lists``: the one that stands and those before it, newest first.
    """
    last = _last_listed(db, tenant, student_id, lists)
    if last is None:
        return []
    left_on = min((each.as_of for each in lists if each.as_of > last), default=None)
    by_subject = _histories(db, tenant, student_id, last, lists)
    current = {section: rows for section, rows in by_subject.items() if rows[-1].as_of == last}
    reasons = _reasons(db, tenant, [rows[-1].prediction_id for rows in current.values()])
    risks = [
        _subject(section, rows, reasons[rows[-1].prediction_id], left_on) for section, rows in current.items()
    ]
    return sorted(
        risks, key=lambda risk: (-risk.latest.risk_score, risk.course or "", risk.section_code or "")
    )


def _last_listed(db: Session, tenant: Tenant, student_id: UUID, lists: Sequence[RiskList]) -> date | None:
    key = {
        "tenant_id": tenant.tenant_id,
        "student_id": student_id,
        "dates": [each.as_of for each in lists],
        "models": [each.model_version for each in lists],
    }
    last: date | None = db.execute(SQL["last_listed"], key).scalar_one()
    return last


def _histories(
    db: Session, tenant: Tenant, student_id: UUID, last: date, lists: Sequence[RiskList]
) -> Mapping[UUID | None, Sequence[Row[tuple[object, ...]]]]:
    """Return the scores of the year up to ``last`` by subject, those of the lists only."""
    key = {
        "tenant_id": tenant.tenant_id,
        "target": tenant.risk_target,
        "student_ids": [student_id],
        "as_of": last,
    }
    shown = {(each.as_of, each.model_version) for each in lists}
    by_subject: dict[UUID | None, list[Row[tuple[object, ...]]]] = defaultdict(list)
    for row in db.execute(SQL["histories"], key):
        if (row.as_of, row.model_version) in shown:
            by_subject[row.section_id].append(row)
    return by_subject


def _reasons(db: Session, tenant: Tenant, ids: Sequence[UUID]) -> Mapping[UUID, Row[tuple[object, ...]]]:
    found = db.execute(SQL["reasons"], {"tenant_id": tenant.tenant_id, "prediction_ids": list(ids)})
    return {row.prediction_id: row for row in found}


def _subject(
    section_id: UUID | None,
    rows: Sequence[Row[tuple[object, ...]]],
    reason: Row[tuple[object, ...]],
    left_on: date | None,
) -> SubjectRisk:
    history = [
        Score(
            row.as_of,
            row.risk_score,
            RiskCategory(row.risk_category),
            row.confidence,
            row.rank,
            row.cohort_size,
            row.model_version,
        )
        for row in rows
    ]
    return SubjectRisk(
        section_id,
        reason.course_title,
        reason.section_code,
        history,
        factors_of(reason.risk_factors),
        left_on,
    )

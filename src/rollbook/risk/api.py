"""The API of predictions."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query
from sqlalchemy import RowMapping

from rollbook.access.viewing import Viewing
from rollbook.core.paging import CursorInvalid, read_cursor, write_cursor
from rollbook.risk.lists import SQL
from rollbook.risk.models import RiskCategory
from rollbook.roster.service import find_student
from rollbook.ui.params import CursorText, IsoDay
from rollbook.ui.problems import PROBLEMS

router = APIRouter(prefix="/api/v1", tags=["risk"], responses=PROBLEMS)


@dataclass(frozen=True, slots=True)
class PredictionOut:
    """A score with its reasons. ``section_id`` null: it is about the student as a whole."""

    prediction_id: UUID
    section_id: UUID | None
    course_code: str | None
    section_code: str | None
    as_of: date
    risk_score: float
    risk_category: RiskCategory
    confidence: float
    rank: int
    cohort_size: int
    risk_factors: list[dict[str, Any]]
    model_version: str
    feature_set_version: str
    predicted_at: datetime


@dataclass(frozen=True, slots=True)
class PredictionsOut:
    """One page of predictions, newest first."""

    data: list[PredictionOut]
    next_cursor: str | None


@router.get("/students/{student_id}/predictions")
def list_predictions(  # noqa: PLR0913, PLR0917 -- each is a part of the address
    viewer: Viewing,
    student_id: UUID,
    since: IsoDay = date.min,
    until: IsoDay = date.max,
    section_id: UUID | None = None,
    cursor: CursorText = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> PredictionsOut:
    """A student's predictions from ``since`` to ``until``, both included, newest first."""
    find_student(viewer.db, viewer.tenant.tenant_id, student_id, date.max)
    before_date, before_id = _position(cursor)
    found = (
        viewer.db.execute(
            SQL["student_predictions"],
            {
                "tenant_id": viewer.tenant.tenant_id,
                "student_id": student_id,
                "since": since,
                "until": until,
                "section_id": section_id,
                "before_date": before_date,
                "before_id": before_id,
                "page_size": limit + 1,
            },
        )
        .mappings()
        .all()
    )
    data = [PredictionOut(**_fields(row)) for row in found[:limit]]
    last = data[-1] if len(found) > limit else None
    return PredictionsOut(
        data, write_cursor(last.as_of.isoformat(), last.prediction_id.hex) if last else None
    )


def _fields(row: RowMapping) -> dict[str, Any]:
    return {**row, "risk_category": RiskCategory(row["risk_category"])}


def _position(cursor: str | None) -> tuple[date | None, UUID | None]:
    if not cursor:
        return None, None
    day, hex_id = read_cursor(cursor, str, str)
    try:
        return date.fromisoformat(str(day)), UUID(hex=str(hex_id))
    except ValueError as error:
        raise CursorInvalid from error

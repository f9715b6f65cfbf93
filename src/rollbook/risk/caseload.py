"""The caseload: a list's subjects, highest risk first, with the reason in words."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, Literal
from uuid import UUID

from sqlalchemy import RowMapping
from sqlalchemy.orm import Session

from rollbook.core.paging import Page, find_page
from rollbook.core.tenancy import Tenant, sees_whole_tenant
from rollbook.risk.levels import LEVELS, Level
from rollbook.risk.lists import SQL, Chosen
from rollbook.risk.models import RiskCategory
from rollbook.roster.names import student_name

PAGE_SIZE: Final = 50
EVERYTHING: Final = 1_000_000
Sort = Literal["risk", "change", "name"]
Subject = tuple[UUID, UUID | None]


@dataclass(frozen=True, slots=True)
class Filter:
    """What of a list is wanted. ``q``: words of a name or number; ``course``, ``school``: their codes."""

    category: RiskCategory | None = None
    course: str | None = None
    school: str | None = None
    q: str = ""
    sort: Sort = "risk"

    @property
    def is_set(self) -> bool:
        """Whether it leaves anything out."""
        return any((self.category, self.course, self.school, self.q))


@dataclass(frozen=True, slots=True)
class Factor:
    """One reason of a score, and what helps."""

    factor: str
    weight: float
    value: object
    description: str
    recommendation: str


@dataclass(frozen=True, slots=True)
class Row:
    """One subject of a list."""

    prediction_id: UUID
    student_id: UUID
    section_id: UUID | None
    student_number: str
    name: str
    grade_level: int | None
    school: str | None
    course_code: str | None
    course: str | None
    section_code: str | None
    risk_score: float
    risk_category: RiskCategory
    confidence: float
    rank: int
    previous_score: float | None
    factors: Sequence[Factor]

    @property
    def level(self) -> Level:
        """The category in words."""
        return LEVELS[self.risk_category]

    @property
    def change(self) -> float | None:
        """The change since the list before."""
        return None if self.previous_score is None else self.risk_score - self.previous_score

    @property
    def points(self) -> int | None:
        """The change as read from the page: in points of a hundred, between the figures shown."""
        return points_between(self.previous_score, self.risk_score)

    @property
    def subject(self) -> Subject:
        """What the score is about."""
        return self.student_id, self.section_id


@dataclass(frozen=True, slots=True)
class Option:
    """A course or school to choose."""

    code: str
    title: str


def points_between(earlier: float | None, later: float) -> int | None:
    """Return the difference of two scores as they are shown, in points of a hundred."""
    return None if earlier is None else round(later * 100) - round(earlier * 100)


def read_page(  # noqa: PLR0913 -- each is a part of the address
    db: Session,
    tenant: Tenant,
    chosen: Chosen,
    wanted: Filter,
    *,
    after: str | None = None,
    page_size: int = PAGE_SIZE,
) -> Page[Row]:
    """Return one page of the chosen list.

    Raises: ``CursorInvalid``.
    """
    if chosen.current is None:
        return Page([], 1, 0, None, None)
    return find_page(
        db,
        SQL["caseload_matching"],
        {
            **_lists(tenant, chosen),
            "sees_all": sees_whole_tenant(db),
            "category": wanted.category.value if wanted.category else None,
            "course": wanted.course,
            "school": wanted.school,
            "sort": wanted.sort,
        },
        _row,
        described=SQL["caseload_listed"],
        words=wanted.q.split(),
        after=after,
        page_size=page_size,
    )


def read_histories(
    db: Session, tenant: Tenant, rows: Iterable[Row], as_of: date
) -> Mapping[Subject, list[float]]:
    """Return the scores of the year up to ``as_of`` of each row's subject, oldest first."""
    ids = list({row.student_id for row in rows})
    found = db.execute(
        SQL["histories"],
        {"tenant_id": tenant.tenant_id, "target": tenant.risk_target, "student_ids": ids, "as_of": as_of},
    )
    scores: dict[Subject, list[float]] = defaultdict(list)
    for row in found:
        scores[row.student_id, row.section_id].append(row.risk_score)
    return scores


def read_options(db: Session, tenant: Tenant, chosen: Chosen) -> tuple[list[Option], list[Option]]:
    """Return the courses and the schools to choose from."""
    if chosen.current is None:
        return [], []
    key = _lists(tenant, chosen)
    only = {name: key[name] for name in ("tenant_id", "as_of", "model_version")}
    courses = [Option(*row) for row in db.execute(SQL["courses_in_list"], only)]
    schools = [Option(*row) for row in db.execute(SQL["schools_in_list"], only)]
    return courses, schools


def factors_of(document: Sequence[Mapping[str, Any]]) -> list[Factor]:
    """Read a prediction's reasons, strongest first."""
    return [
        Factor(
            str(item.get("factor", "")),
            float(item.get("weight") or 0),
            item.get("value"),
            str(item.get("description") or ""),
            str(item.get("recommendation") or ""),
        )
        for item in document
    ]


def _lists(tenant: Tenant, chosen: Chosen) -> dict[str, object]:
    assert chosen.current is not None
    return {
        "tenant_id": tenant.tenant_id,
        "as_of": chosen.current.as_of,
        "model_version": chosen.current.model_version,
        "previous_as_of": chosen.previous.as_of if chosen.previous else None,
        "previous_model": chosen.previous.model_version if chosen.previous else None,
    }


def _row(row: RowMapping) -> Row:
    return Row(
        prediction_id=row["prediction_id"],
        student_id=row["student_id"],
        section_id=row["section_id"],
        student_number=row["student_number"],
        name=student_name(row["student_number"], row["first_name"], row["last_name"], row["preferred_name"]),
        grade_level=row["grade_level"],
        school=row["school_name"],
        course_code=row["course_code"],
        course=row["course_title"],
        section_code=row["section_code"],
        risk_score=row["risk_score"],
        risk_category=RiskCategory(row["risk_category"]),
        confidence=row["confidence"],
        rank=row["rank"],
        previous_score=row["previous_score"],
        factors=factors_of(row["risk_factors"]),
    )

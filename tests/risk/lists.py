"""Lists as scoring leaves them, with the scores that a test wants."""

from datetime import date

from sqlalchemy.orm import Session

from rollbook.core.tenancy import Tenant
from rollbook.risk.models import ModelMetadata, Prediction
from rollbook.roster.models import Student


def add_model(
    db: Session, tenant: Tenant, version: str, *, active: bool = False, target: str | None = None
) -> str:
    """Add a model that can have lists."""
    model = ModelMetadata(
        tenant_id=tenant.tenant_id,
        model_version=version,
        target=target or tenant.risk_target,
        model_type="lightgbm",
        feature_set_version="1",
        trained_as_of=date(2025, 8, 1),
        training_rows=1000,
        metrics={},
        hyperparameters={},
        artifact="{}",
        artifact_sha256="0" * 64,
        is_active=active,
    )
    db.add(model)
    db.flush()
    return version


def add_list(db: Session, tenant: Tenant, as_of: date, model: str, scores: dict[Student, float]) -> None:
    """Add the list of a date and model."""
    db.add_all(
        Prediction(
            tenant_id=tenant.tenant_id,
            student_id=student.student_id,
            as_of=as_of,
            risk_score=score,
            risk_category="critical" if score > 0.5 else "low",
            confidence=0.8,
            rank=rank,
            cohort_size=len(scores),
            risk_factors=[],
            model_version=model,
            feature_set_version="1",
        )
        for rank, (student, score) in enumerate(scores.items(), 1)
    )
    db.flush()

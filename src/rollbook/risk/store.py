"""How features, models and predictions are kept: staged by COPY, merged as a set, idempotent."""

import json
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any, Final

from psycopg import Connection, sql
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from rollbook.core.sql import named_sql
from rollbook.core.tenancy import Tenant
from rollbook.risk.cohort import Cohort
from rollbook.risk.errors import ModelDamaged, ModelNotTrained, ModelOutdated
from rollbook.risk.features import Features, feature_set_version
from rollbook.risk.model import TrainedModel, digest
from rollbook.risk.models import ModelMetadata

_SQL: Final = named_sql("rollbook.risk")


def save_features(db: Session, tenant: Tenant, as_of: date, cohort: Cohort, features: Features) -> int:
    """Keep the features of a day, replacing what was kept; return how many rows that changed."""
    rows = (
        (subject.student_id, subject.section_id, json.dumps(features.vector(place)))
        for place, subject in enumerate(cohort)
    )
    _stage(db, "staged_features", ("student_id", "section_id", "feature_vector"), rows)
    key = {"tenant_id": tenant.tenant_id, "as_of": as_of, "feature_set_version": feature_set_version()}
    return _written(db, ("drop_old_features", "merge_features"), key)


def save_predictions(
    db: Session, tenant: Tenant, as_of: date, model_version: str, rows: Iterable[Sequence[Any]]
) -> int:
    """Keep a day's predictions by one model, replacing what was kept; return how many rows that changed.

    ``rows``: student_id, section_id, risk_score, risk_category, confidence, rank, risk_factors as JSON text.
    """
    columns = (
        "student_id",
        "section_id",
        "risk_score",
        "risk_category",
        "confidence",
        "rank",
        "risk_factors",
    )
    _stage(db, "staged_predictions", columns, rows)
    key = {"tenant_id": tenant.tenant_id, "as_of": as_of, "model_version": model_version}
    written = {"feature_set_version": feature_set_version()}
    dropped = _written(db, ("drop_old_predictions",), key)
    return dropped + _written(db, ("merge_predictions",), key | written)


def save_model(db: Session, tenant: Tenant, row: ModelMetadata) -> None:
    """Keep a model and make it the one in use, in place of the former."""
    version = row.model_version
    other = (ModelMetadata.tenant_id == tenant.tenant_id) & (ModelMetadata.target == row.target)
    db.execute(update(ModelMetadata).where(other, ModelMetadata.is_active).values(is_active=False))
    if db.get(ModelMetadata, (tenant.tenant_id, version)) is None:
        db.add(row)
        db.flush()
    chosen = other & (ModelMetadata.model_version == version)
    db.execute(update(ModelMetadata).where(chosen).values(is_active=True))


def active_model(db: Session, tenant: Tenant, as_of: date) -> tuple[str, TrainedModel]:
    """Return the version and the model in use.

    Raises: ``ModelNotTrained``; ``ModelOutdated``; ``ModelDamaged``.
    """
    mine = (ModelMetadata.tenant_id == tenant.tenant_id) & (ModelMetadata.target == tenant.risk_target)
    row = db.scalar(select(ModelMetadata).where(mine, ModelMetadata.is_active))
    if row is None:
        raise ModelNotTrained(tenant=tenant.slug, as_of=as_of)
    if row.feature_set_version != feature_set_version():
        raise ModelOutdated(model=row.model_version, was=row.feature_set_version, now=feature_set_version())
    if digest(row.artifact) != row.artifact_sha256:
        raise ModelDamaged(model=row.model_version)
    return row.model_version, TrainedModel.from_text(row.artifact)


def _written(db: Session, queries: Sequence[str], params: dict[str, Any]) -> int:
    results = [db.execute(_SQL[query], params) for query in queries]
    return sum(result.rowcount for result in results)  # type: ignore[attr-defined] # a write's result has it


def _stage(db: Session, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Fill a temporary table by COPY."""
    db.execute(_SQL[f"make_{table}"])
    driver: Connection[Any] = db.connection().connection.driver_connection  # type: ignore[assignment]  # it is psycopg's
    names = sql.SQL(", ").join(map(sql.Identifier, columns))
    with driver.cursor() as cursor:
        cursor.execute(sql.SQL("TRUNCATE {}").format(sql.Identifier(table)))
        with cursor.copy(sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(table), names)) as copy:
            for row in rows:
                copy.write_row(row)
        cursor.execute(sql.SQL("ANALYZE {}").format(sql.Identifier(table)))

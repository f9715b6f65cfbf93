"""Training as of a day: only outcomes known by then, only features known on the rows' own days."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any, Final, TypeAlias

import numpy as np
from sqlalchemy import text
from sqlalchemy.orm import Session

from rollbook.core.progress import Report, Silent
from rollbook.core.tenancy import Tenant
from rollbook.risk import boosted, logistic, store
from rollbook.risk.arrays import Floats, Ints
from rollbook.risk.calibration import both_kinds, choose_calibration
from rollbook.risk.cohort import Subject, elapsed_days, gather_grid, labels, require_data
from rollbook.risk.confidence import fit_confidence
from rollbook.risk.ensemble import fit_ensemble
from rollbook.risk.errors import AllAtRisk, NoneAtRisk, NoOutcomes, NothingKnown, TooFewOutcomes
from rollbook.risk.features import Features, compute, feature_set_version
from rollbook.risk.holdout import FOLDS, grouped_folds, held_out_scores
from rollbook.risk.metrics import Figure, evaluate
from rollbook.risk.model import MODEL_TYPE, Cuts, TrainedModel, digest, version_of
from rollbook.risk.models import ModelMetadata

GRID: Final = (14, 28, 56, 84, 112)
_MOST_OWN_DAYS: Final = 5
_LEAST_STUDENTS: Final = 10
_SILENT: Final = Silent()

ModelFigures: TypeAlias = dict[str, dict[str, Figure]]


@dataclass(frozen=True, slots=True)
class TrainSummary:
    """A trained model, now in use: on what it was trained and how good it and its rivals are, held out."""

    model_version: str
    trained_as_of: date
    rows: int
    students: int
    positives: int
    days: tuple[int, ...]
    calibration: str
    features: tuple[str, ...]
    empty_features: tuple[str, ...]
    beats_logistic: bool
    beats_rule: bool
    metrics: ModelFigures


@dataclass(frozen=True, slots=True)
class TrainingRows:
    """Subjects with a known end, in the cohort's order."""

    subjects: Sequence[Subject]
    features: Features
    at_risk: Floats

    @property
    def students(self) -> list[str]:
        """Each row's student number."""
        return [subject.student_number for subject in self.subjects]

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.subjects)

    def where(self, chosen: Sequence[bool]) -> "TrainingRows":
        """Return some of the rows."""
        mask = np.array(chosen, dtype=bool)
        subjects = [subject for subject, some in zip(self.subjects, chosen, strict=True) if some]
        return TrainingRows(subjects, self.features.rows(mask), self.at_risk[mask])


def train(db: Session, tenant: Tenant, as_of: date, report: Report = _SILENT) -> TrainSummary:
    """Train on every section that ended by a day, and put the model to use.

    Rows are subjects on days 14, 28, 56, 84 and 112 after the start and as far in as today's sections are.
    Raises: ``NoSections``; ``BeforeData``; ``NoOutcomes``; ``NoneAtRisk``; ``AllAtRisk``; ``TooFewOutcomes``;
            ``NothingKnown``.
    """
    allow_thinking(db)
    require_data(db, tenant, as_of)
    days = grid_for(db, as_of)
    rows = labelled_rows(db, tenant, days, learned_by=as_of, report=report)
    require_both_kinds(rows, tenant, as_of)
    model, metrics = _fit(tenant, rows, report)
    kept = _row(tenant, as_of, rows, model, metrics)
    summary = _summary(kept, days, rows, model, metrics["models"])
    store.save_model(db, tenant, kept)
    return summary


def allow_thinking(db: Session) -> None:
    """Let this transaction stay idle while models are fitted, which may take minutes."""
    db.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))


def grid_for(db: Session, as_of: date) -> tuple[int, ...]:
    """Return the days after the start that are trained on."""
    own = elapsed_days(db, as_of)[:_MOST_OWN_DAYS]
    return tuple(sorted({*GRID, *own}))


def labelled_rows(
    db: Session, tenant: Tenant, days: Sequence[int], *, learned_by: date, report: Report
) -> TrainingRows:
    """Return every subject on those days after the start whose end was known by a day."""
    report.step("Cohorts", 1)
    cohort = gather_grid(db, tenant, days, ended_by=learned_by)
    at_risk = labels(db, tenant, learned_by=learned_by)
    report.advance()
    rows = TrainingRows(list(cohort), compute(db, cohort, report), at_risk)
    return rows.where((~np.isnan(at_risk)).tolist())


def require_both_kinds(rows: TrainingRows, tenant: Tenant, as_of: date) -> None:
    """Refuse rows from which nothing can be learned.

    Raises: ``NoOutcomes``; ``NoneAtRisk``; ``AllAtRisk``; ``TooFewOutcomes``; ``NothingKnown``.
    """
    facts = {"tenant": tenant.slug, "as_of": as_of, "rows": len(rows)}
    if not len(rows):
        raise NoOutcomes(**facts)
    if not rows.at_risk.any():
        raise NoneAtRisk(**facts)
    if rows.at_risk.all():
        raise AllAtRisk(**facts)
    for value, kind in ((1, "at risk"), (0, "not at risk")):
        students = {s for s, label in zip(rows.students, rows.at_risk, strict=True) if label == value}
        if len(students) < _LEAST_STUDENTS:
            raise TooFewOutcomes(**facts, students=len(students), kind=kind, least=_LEAST_STUDENTS)
    if not rows.features.known():
        raise NothingKnown(**facts)


def _fit(tenant: Tenant, rows: TrainingRows, report: Report) -> tuple[TrainedModel, dict[str, Any]]:
    """Return the model, and its metrics: by model, and the Brier score of each way to calibrate."""
    report.step("Held-out scores", FOLDS)
    held_out = held_out_scores(rows.features, rows.at_risk, rows.students, report)
    report.step("Model", 1)
    log_odds = np.log(held_out["ensemble"] / (1 - held_out["ensemble"]))
    calibration, brier = choose_calibration(log_odds, rows.at_risk, calibration_splits(rows))
    held_out["ensemble"] = calibration.apply(log_odds)
    model = TrainedModel(
        target=tenant.risk_target,
        feature_set_version=feature_set_version(),
        ensemble=fit_ensemble(rows.features, rows.at_risk),
        calibration=calibration,
        confidence=fit_confidence(np.round(held_out["ensemble"], 9), rows.at_risk),
        cuts=Cuts.around(round(float(rows.at_risk.mean()), 9)),
    )
    models = {name: evaluate(rows.at_risk, scores, rows.students) for name, scores in held_out.items()}
    report.advance()
    return model, {"models": models, "calibration_brier": brier}


def calibration_splits(rows: TrainingRows) -> list[tuple[Ints, Ints]]:
    """Return what curves are fitted to and compared on: the latest start held out, or else students."""
    starts = np.array([subject.starts_on.toordinal() for subject in rows.subjects])
    earlier, latest = np.flatnonzero(starts < starts.max()), np.flatnonzero(starts == starts.max())
    if len(earlier) and both_kinds(rows.at_risk, earlier):
        return [(earlier, latest)]
    return [(fit, test) for fit, test in grouped_folds(rows.at_risk, rows.students)]


def _row(
    tenant: Tenant, as_of: date, rows: TrainingRows, model: TrainedModel, metrics: dict[str, Any]
) -> ModelMetadata:
    artifact = model.to_text()
    models = {name: {k: asdict(v) for k, v in figures.items()} for name, figures in metrics["models"].items()}
    parameters = boosted.parameters_for(model.ensemble.names, rows=len(rows), by_course=False)
    return ModelMetadata(
        tenant_id=tenant.tenant_id,
        model_version=version_of(tenant.risk_target, artifact),
        target=tenant.risk_target,
        model_type=MODEL_TYPE,
        feature_set_version=model.feature_set_version,
        trained_as_of=as_of,
        training_rows=len(rows),
        metrics={**metrics, "models": models, "held_out": "students, in five folds"},
        hyperparameters={
            "lightgbm": {**parameters, "trees": boosted.trees_for(len(rows)), "seeds": list(boosted.SEEDS)},
            "logistic": {"C": logistic.INVERSE_PENALTY},
        },
        artifact=artifact,
        artifact_sha256=digest(artifact),
    )


def _summary(
    kept: ModelMetadata, days: tuple[int, ...], rows: TrainingRows, model: TrainedModel, figures: ModelFigures
) -> TrainSummary:
    auc = {name: of_model["auc"].value or 0.0 for name, of_model in figures.items()}
    return TrainSummary(
        model_version=kept.model_version,
        trained_as_of=kept.trained_as_of,
        rows=len(rows),
        students=len(set(rows.students)),
        positives=int(rows.at_risk.sum()),
        days=days,
        calibration=model.calibration.method,
        features=model.ensemble.names,
        empty_features=rows.features.empty(),
        beats_logistic=auc["lightgbm"] > auc["logistic"],
        beats_rule=auc["ensemble"] > auc["rule"],
        metrics=figures,
    )

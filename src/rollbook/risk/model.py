"""A trained model, whole: what it scores with, how it explains, where it cuts. Text, no pickle."""

import hashlib
import json
import math
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np

from rollbook.risk.arrays import Floats
from rollbook.risk.calibration import Calibration
from rollbook.risk.confidence import Confidence
from rollbook.risk.ensemble import Ensemble
from rollbook.risk.features import Features
from rollbook.risk.models import RiskCategory

MODEL_TYPE: Final = "lightgbm+logistic"
_FORMAT: Final = 1


@dataclass(frozen=True, slots=True)
class Cuts:
    """Where categories begin: by what a school can take on (shares of the list) and by calibrated risk.

    critical = among the first ``critical_share`` of the list and at ``elevated`` risk or more; high = so
    among the first ``high_share``; medium = at least the ``usual`` risk (the share in training); else low.
    Elevated is twice the usual risk, or one half if that is less: a quiet school has nobody critical.
    """

    usual: float
    elevated: float
    critical_share: float = 0.05
    high_share: float = 0.20

    @classmethod
    def around(cls, usual: float) -> "Cuts":
        """Return the cuts for a share at risk."""
        return cls(usual=usual, elevated=min(0.5, 2 * usual))

    def category(self, score: float, rank: int, cohort_size: int) -> RiskCategory:
        """Return the category of the ``rank``-th of a list."""
        if score >= self.elevated and rank <= math.ceil(self.critical_share * cohort_size):
            return RiskCategory.CRITICAL
        if score >= self.elevated and rank <= math.ceil(self.high_share * cohort_size):
            return RiskCategory.HIGH
        return RiskCategory.MEDIUM if score >= min(self.usual, self.elevated) else RiskCategory.LOW


@dataclass(frozen=True, slots=True)
class TrainedModel:
    """Everything that scoring needs."""

    target: str
    feature_set_version: str
    ensemble: Ensemble
    calibration: Calibration
    confidence: Confidence
    cuts: Cuts

    def scores(self, features: Features) -> Floats:
        """Return calibrated risks, 0..1, to nine decimals: beyond them processors may differ."""
        risks = np.clip(self.calibration.apply(self.ensemble.log_odds(features)), 0, 1)
        return np.asarray(np.round(risks, 9), dtype=np.float64)

    def to_text(self) -> str:
        """Return the model as JSON: the same model gives the same text."""
        document = {
            "format": _FORMAT,
            "target": self.target,
            "feature_set_version": self.feature_set_version,
            "ensemble": self.ensemble.to_json(),
            "calibration": self.calibration.to_json(),
            "confidence": self.confidence.to_json(),
            "cuts": asdict(self.cuts),
        }
        return json.dumps(document, sort_keys=True, allow_nan=False)

    @classmethod
    def from_text(cls, text: str) -> "TrainedModel":
        """Read what ``to_text`` wrote."""
        document: dict[str, Any] = json.loads(text)
        return cls(
            target=document["target"],
            feature_set_version=document["feature_set_version"],
            ensemble=Ensemble.from_json(document["ensemble"]),
            calibration=Calibration.from_json(document["calibration"]),
            confidence=Confidence.from_json(document["confidence"]),
            cuts=Cuts(**document["cuts"]),
        )


def digest(text: str) -> str:
    """Return the SHA-256 of a model's text."""
    return hashlib.sha256(text.encode()).hexdigest()


def version_of(target: str, text: str) -> str:
    """Return a model's name: what it predicts about, and its content."""
    return f"{target}-{digest(text)[:12]}"

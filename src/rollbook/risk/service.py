"""The verbs of risk."""

from rollbook.risk.scoring import BuildSummary, ScoreSummary, build, score
from rollbook.risk.training import TrainSummary, train

__all__ = ["BuildSummary", "ScoreSummary", "TrainSummary", "build", "score", "train"]

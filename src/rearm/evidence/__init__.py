"""Pooled outcomes per strategy and setting, as figures and plain tables. Response, PFS and toxicity are pooled, survival is listed."""

from rearm.evidence.pool import MEASURES, Measure, Pooled, PooledArm
from rearm.evidence.strategy import Expected, ListedFigure, Outcome, StrategyEvidence, evidence_for

__all__ = ["MEASURES", "Expected", "ListedFigure", "Measure", "Outcome", "Pooled", "PooledArm", "StrategyEvidence", "evidence_for"]

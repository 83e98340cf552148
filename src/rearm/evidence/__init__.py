"""Pooled outcomes per strategy and setting, as figures and plain tables.

Response, PFS and toxicity are pooled, survival is listed.
"""

from rearm.evidence.compare import Separation, compare, separated
from rearm.evidence.pool import MEASURES, Measure, Pooled, PooledArm
from rearm.evidence.setting import SettingFigure
from rearm.evidence.strategy import ListedFigure, Outcome, StrategyEvidence, evidence_for
from rearm.evidence.table import forest_rows, listed_rows, overview_rows

__all__ = [
    "MEASURES",
    "ListedFigure",
    "Measure",
    "Outcome",
    "Pooled",
    "PooledArm",
    "Separation",
    "SettingFigure",
    "StrategyEvidence",
    "compare",
    "evidence_for",
    "forest_rows",
    "listed_rows",
    "overview_rows",
    "separated",
]

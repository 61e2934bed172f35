"""Display classes for vectors, searches and rankings, as in scikit-learn. They need matplotlib."""

from .._public import name_public_module
from ._fonts import use_chinese_font
from ._learning_curves import LearningCurvesDisplay
from ._ranking_curve import RankingCurveDisplay
from ._ranking_report import HitRatesByGroup, RankingReportDisplay
from ._search_cost import SearchCostDisplay
from ._search_scores import SearchScoreDisplay
from ._semantic_map import SemanticMapDisplay
from ._spectrum import SpectrumDisplay
from ._token_contributions import TokenContributionDisplay
from ._tradeoff import TradeoffDisplay

__all__ = [
    "HitRatesByGroup",
    "LearningCurvesDisplay",
    "RankingCurveDisplay",
    "RankingReportDisplay",
    "SearchCostDisplay",
    "SearchScoreDisplay",
    "SemanticMapDisplay",
    "SpectrumDisplay",
    "TokenContributionDisplay",
    "TradeoffDisplay",
    "use_chinese_font",
]

name_public_module(globals())

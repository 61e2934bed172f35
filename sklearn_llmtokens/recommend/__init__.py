"""From vectors, classifiers and clicks to ranked lists."""

from .._public import name_public_module
from ._base import BaseRecommender
from ._calibrated import calibrated_rerank
from ._catalog import Catalog
from ._cold_item_split import ColdItemSplit
from ._content import ContentRecommender
from ._ease import EASERecommender
from ._evaluate import evaluate
from ._exposure import ExposureReport, exposure_report
from ._global_time_split import GlobalTimeSplit
from ._history import Event, History
from ._hybrid import HybridRecommender
from ._interactions import Interactions
from ._item_knn import ItemKNNRecommender
from ._item_recency import RecencyRecommender
from ._labels import top_k_labels
from ._leave_last_out import LeaveLastOut
from ._mmr import mmr_rerank
from ._popularity import PopularityRecommender
from ._queries import Queries, make_queries
from ._recbole import load_recbole_catalog, load_recbole_interactions
from ._rule_rerank import RuledRanking, rule_rerank
from ._rules import Available, Boost, MaxPerGroup, Pin
from ._scorer import make_top_k_scorer
from ._sequence_knn import SequenceKNNRecommender
from ._transitions import TransitionRecommender
from .metrics import (
    catalog_coverage,
    exposure_gini,
    hit_rate_at_k,
    intra_list_diversity,
    mrr_at_k,
    ndcg_at_k,
    novelty,
    recall_at_k,
)

__all__ = [
    "Available",
    "BaseRecommender",
    "Boost",
    "Catalog",
    "ColdItemSplit",
    "ContentRecommender",
    "EASERecommender",
    "Event",
    "ExposureReport",
    "GlobalTimeSplit",
    "History",
    "HybridRecommender",
    "Interactions",
    "ItemKNNRecommender",
    "LeaveLastOut",
    "MaxPerGroup",
    "Pin",
    "PopularityRecommender",
    "Queries",
    "RecencyRecommender",
    "RuledRanking",
    "SequenceKNNRecommender",
    "TransitionRecommender",
    "calibrated_rerank",
    "catalog_coverage",
    "evaluate",
    "exposure_gini",
    "exposure_report",
    "hit_rate_at_k",
    "intra_list_diversity",
    "load_recbole_catalog",
    "load_recbole_interactions",
    "make_queries",
    "make_top_k_scorer",
    "mmr_rerank",
    "mrr_at_k",
    "ndcg_at_k",
    "novelty",
    "recall_at_k",
    "rule_rerank",
    "top_k_labels",
]

name_public_module(globals())

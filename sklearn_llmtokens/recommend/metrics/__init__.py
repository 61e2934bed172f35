"""How good ranked lists are: for the person who reads them, and for the catalogue that they are drawn from."""

from ..._public import name_public_module
from ._coverage import catalog_coverage
from ._diversity import intra_list_diversity
from ._gini import exposure_gini
from ._hit_rate import hit_rate_at_k
from ._mrr import mrr_at_k
from ._ndcg import ndcg_at_k
from ._novelty import novelty
from ._recall import recall_at_k

__all__ = [
    "catalog_coverage",
    "exposure_gini",
    "hit_rate_at_k",
    "intra_list_diversity",
    "mrr_at_k",
    "ndcg_at_k",
    "novelty",
    "recall_at_k",
]

name_public_module(globals())

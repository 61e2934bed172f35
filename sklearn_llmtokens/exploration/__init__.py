"""Look into texts before a model is built: named clusters, near-duplicates, label errors, search by meaning."""

from .._public import name_public_module
from ._cluster_names import name_clusters
from ._label_errors import LabelErrors, find_label_errors
from ._near_duplicates import NearDuplicates, find_near_duplicates
from ._semantic_search import SemanticSearch

__all__ = [
    "LabelErrors",
    "NearDuplicates",
    "SemanticSearch",
    "find_label_errors",
    "find_near_duplicates",
    "name_clusters",
]

name_public_module(globals())

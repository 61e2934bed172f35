"""Shares in the score of a hybrid: of its parts, and of the events of a history through all of them."""

from collections.abc import Callable
from typing import Any

import numpy as np

from ._fusion_weights import FusionWeights
from ._histories import Histories
from ._known_sequences import KnownSequences


class HybridSharesMixin:
    """Hooks by which a weighted sum of recommenders is divided."""

    recommenders_: dict
    cold_bias_: float
    fusion: str
    _weights: FusionWeights
    _sequences: KnownSequences
    _has_clicks: np.ndarray
    _parts: Callable
    _query_chunks: Callable
    catalog_: Any

    def _contributions(self, histories: Histories, items: np.ndarray) -> np.ndarray:
        row_idx = histories.row_idx
        factors = self._factors_of_parts(histories, items)
        bias = self.cold_bias_ * ~self._has_clicks[items]  # (n_histories, k)
        shares = (bias / np.maximum(histories.lengths, 1)[:, np.newaxis])[row_idx]
        for part, own in factors:
            shares = shares + own[row_idx] * part._contributions(histories, items)
        return shares

    def _part_contributions(self, histories: Histories, items: np.ndarray) -> dict[str, np.ndarray]:
        shares = {name: np.empty(items.shape) for name in self.recommenders_}
        for start, stop in self._query_chunks(histories.n_histories, self.catalog_.n_items):
            rows = items[start:stop]
            is_cold = (~self._has_clicks[rows]).astype(np.intp)
            queries = histories.rows(start, stop)
            is_back, scored = self._sequences.hold(queries), zip(shares.values(), self._parts(queries), strict=True)
            for j, (out, (scores, best)) in enumerate(scored):
                factors = np.take_along_axis(self._weights.factors(j, best, is_back), is_cold, axis=1)
                out[start:stop] = factors * np.take_along_axis(scores, rows, axis=1).astype(np.float64)
        shares["cold_bias_"] = self.cold_bias_ * ~self._has_clicks[items] + shares.get("cold_bias_", 0.0)
        return shares

    def _factors_of_parts(self, histories: Histories, items: np.ndarray) -> list[tuple[Any, np.ndarray]]:
        """Return the parts and what the scores of each are multiplied with, float64 of shape (n_histories, k)."""
        if self.fusion == "ranks":
            raise ValueError(
                'With fusion="ranks" events and words have no exact shares: fusion="scores" has them, and by="part" '
                "has those of parts."
            )
        is_cold = (~self._has_clicks[items]).astype(np.intp)
        best = [np.empty((0, len(self.recommenders_)), dtype=np.float32)]
        for start, stop in self._query_chunks(histories.n_histories, self.catalog_.n_items):
            best.append(np.stack([one for _, one in self._parts(histories.rows(start, stop))], axis=1))
        best_of_parts, is_back = np.concatenate(best).T, self._sequences.hold(histories)
        factors = [self._weights.factors(j, one, is_back).astype(np.float64) for j, one in enumerate(best_of_parts)]
        return [
            (part, np.take_along_axis(own, is_cold, axis=1))
            for part, own in zip(self.recommenders_.values(), factors, strict=True)
        ]

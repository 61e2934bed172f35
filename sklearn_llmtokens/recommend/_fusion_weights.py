"""What scores of several recommenders are multiplied with, for items with clicks and without, and how it is learnt."""

from collections.abc import Iterable
from dataclasses import dataclass
from numbers import Real
from typing import Any

import numpy as np

from .._utils._messages import shorten
from ._histories import Histories
from ._interactions import LARGEST_WEIGHT
from ._softmax_weights import STRENGTH, STRENGTHS, chosen_weights, ndcg, shortlist, softmax_weights

QUERIES_AT_ONCE = 64
FEWEST_QUERIES = 20  # from which weights are learnt
_CLEARLY = 2.0  # standard errors
_RATHER = 1.5  # standard errors, where what is taken is learnt as well
_LEADS = 4.0  # times the largest default weight
_MOST_COLD_DEMAND = 0.05  # of what is wanted: what `cold_item_boost` may raise all items without clicks together to
_MORE_COLD = 2.0  # times as many items without clicks as there were when their demand was learnt leave it as it is


@dataclass(frozen=True)
class FusionWeights:
    """What scores are multiplied with.

    The first axis of `absolute` and `relative` is the kind of query: a history that goes on since the fit, or one that
    was learnt as it is, of somebody who comes back.

    Attributes
    ----------
    absolute : ndarray of shape (2, n_recommenders, 2)
        Factor of the score, for items with clicks and for those without.
    relative : ndarray of shape (2, n_recommenders, 2)
        Factor of the score divided by the best one of the query.
    scale : ndarray of shape (n_recommenders,)
        Mean of the best scores.
    cold_bias : float
        What items without clicks get, if they are as likely to be wanted as those whose clicks were hidden.
    strength : float
        As how many queries the defaults count; inf where nothing is learnt, 0 where one recommender holds alone.
    n_cold : float
        Number of items without clicks that an item had as rivals, on average; inf where nothing is learnt.
    """

    absolute: np.ndarray
    relative: np.ndarray
    scale: np.ndarray
    cold_bias: float
    strength: float = np.inf
    n_cold: float = np.inf

    @classmethod
    def given(cls, pairs: np.ndarray) -> "FusionWeights":
        """Return weights that are all relative."""
        return cls(np.zeros((2, *pairs.shape)), np.stack([pairs, pairs]), np.ones(len(pairs)), 0.0)

    def cold_bias_of(self, boost: float | None, n_cold: int, n_items: int) -> float:
        """Return the bias of `n_cold` items without clicks, of `n_items`: with `boost`, or None where it was learnt.

        Demand for new items that was learnt is that of as many as there were then. It is shared by those there are now,
        where they are more than twice as many: among them are those that nobody will ever want.
        """
        if boost is None:
            boost = min(1.0, _MORE_COLD * max(self.n_cold, 1.0) / max(n_cold, 1))
        return self.cold_bias + float(np.log(bounded_boost(boost, n_cold, n_items)))

    def factors(self, j: int, best: np.ndarray, is_back: np.ndarray) -> np.ndarray:
        """Return what the scores of recommender `j` are multiplied with, shape (n_queries, 2), float32."""
        kind = is_back.astype(np.intp)
        return (self.absolute[kind, j] + self.relative[kind, j] / best[:, np.newaxis]).astype(np.float32)

    def of_best(self, kind: int) -> list[tuple[float, ...]]:
        """Return what the best item adds on average, warm and cold, for each recommender."""
        return [
            tuple(pair) for pair in (self.absolute[kind] * self.scale[:, np.newaxis] + self.relative[kind]).tolist()
        ]


def learn_weights(
    judged: Iterable[tuple[Histories, np.ndarray, list[np.ndarray], np.ndarray]],
    is_back: np.ndarray,
    is_cold: np.ndarray,
    defaults: np.ndarray,
    rng,
    *,
    compares: bool = False,
    filter_seen: bool = True,
    is_rival: np.ndarray | None = None,
) -> FusionWeights:
    """Learn weights from queries and the items that followed: from all of them, and then from those of each kind.

    Parameters
    ----------
    judged : iterable of (histories, target_idx, scores, best)
        Queries, a few at a time: their histories; the items that followed, shape (n,); for each recommender the scores
        of all items, shape (n, n_items); and the best score of an item not in the history, shape (n, n_recommenders).
    is_back : ndarray of shape (n_queries,), dtype=bool
        The kind of each query: whether nothing has happened since its sequence was learnt.
    is_cold : ndarray of shape (n_items,), dtype=bool
        Whether the recommenders have seen no click of an item.
    defaults : ndarray of shape (n_recommenders, 2)
        Prior means of the relative weights, for items with clicks and without; negative ones count as 0.
    rng : numpy.random.Generator
        Draws the items that stand for the catalogue.
    compares : bool, default=False
        Whether `defaults` may count for more, where they rank better than what is learnt.
    filter_seen : bool, default=True
        Whether items of the history are no rivals of the item that followed.
    is_rival : ndarray of shape (n_items,), dtype=bool, default=None
        False for items that are no rivals of any: there was none of them yet. None is True for all.

    Returns
    -------
    FusionWeights
        With the bias of items without clicks, which is that of all queries.
    """
    features, log_counts, scales = [], [], []
    for histories, target_idx, scores, best in judged:
        allowed = np.ones(scores[0].shape, dtype=bool)
        if is_rival is not None:
            allowed[:] = is_rival
        if filter_seen:
            allowed[histories.row_idx, histories.item_idx] = False
        items, log_count = shortlist(scores, target_idx, allowed, rng)
        values = np.stack([np.take_along_axis(one, items, axis=1) for one in scores], axis=2)
        relative = values / best[:, np.newaxis, :]
        features.append(_by_warmth(np.concatenate([values, relative], axis=2), is_cold[items]))
        log_counts.append(log_count)
        scales.append(best)
    n_parts, scale, table = len(defaults), np.concatenate(scales).mean(axis=0), np.concatenate(features)
    for first in (0, 2 * n_parts):
        table[:, :, first : first + n_parts] /= scale
    none = np.zeros(n_parts)
    prior = np.concatenate([none, defaults[:, 0], none, defaults[:, 1], [0.0]])
    is_bias, counts = np.arange(len(prior)) == len(prior) - 1, np.concatenate(log_counts)
    strengths = STRENGTHS if compares else STRENGTHS[-1:]
    learnt, strength = chosen_weights(table, counts, is_bias, np.maximum(prior, 0), strengths)
    alone = _clearly_better_alone(table, counts, is_bias, learnt)
    learnt, strength = (learnt, strength) if alone is None else (alone, 0.0)
    kinds = _of_kinds(table, counts, is_back, learnt)
    if alone is None and np.array_equal(*kinds):
        led = _led_by_one(table, counts, is_bias, learnt, np.maximum(prior, 0))
        if led is not None:
            learnt, strength, kinds = led, STRENGTH, _of_kinds(table, counts, is_back, led)
    absolute, relative = kinds.reshape(2, 2, 2, n_parts).transpose(2, 0, 3, 1)
    n_cold = float((np.exp(counts, dtype=np.float64) * table[:, :, -1]).sum(axis=1).mean())
    return FusionWeights(absolute / scale[:, np.newaxis], relative, scale, float(learnt[-1]), strength, n_cold)


def _clearly_better_alone(
    table: np.ndarray, log_counts: np.ndarray, is_bias: np.ndarray, learnt: np.ndarray
) -> np.ndarray | None:
    """Return the weights of the one recommender that ranks best alone, clearly better than what was learnt, or None.

    That is beyond twice the standard error of the NDCG that it gains. It happens where the others are noise: shrunk
    weights never leave them out.
    """
    n_parts, found, best = (len(learnt) - 1) // 4, None, 0.0
    common = ndcg(table, log_counts, learnt)
    for j in range(n_parts):
        of_part = np.zeros(len(learnt))
        of_part[[n_parts + j, 3 * n_parts + j]] = 1.0
        if ndcg(table, log_counts, of_part).mean() <= common.mean():
            continue
        alone, _ = chosen_weights(table, log_counts, is_bias, of_part, (np.inf,))
        gains = ndcg(table, log_counts, alone) - common
        if gains.mean() > max(best, _CLEARLY * gains.std() / np.sqrt(len(gains))):
            found, best = alone, gains.mean()
    return found


def _led_by_one(
    table: np.ndarray, log_counts: np.ndarray, is_bias: np.ndarray, learnt: np.ndarray, prior: np.ndarray
) -> np.ndarray | None:
    """Return weights that are shrunk towards other defaults, which one recommender leads, or None.

    It has a multiple of the largest default weight. Of the recommenders, the one is tried whose defaults rank best as
    they are; what is learnt with these is taken if its NDCG gains beyond one and a half standard errors. It happens
    where users are few, or want something else than those for whom the defaults are made.
    """
    n_parts, total = (len(prior) - 1) // 4, prior.sum()
    if not total:
        return None
    candidates = [prior]
    for j in range(n_parts):
        led = prior.copy()
        led[[n_parts + j, 3 * n_parts + j]] = _LEADS * prior.max()
        candidates.append(led)
    scale, bias = learnt[:-1].sum() / total, learnt[-1]
    ranked = [ndcg(table, log_counts, np.append(scale * one[:-1], bias)).mean() for one in candidates]
    best = int(np.argmax(ranked))
    if best == 0:
        return None
    led = softmax_weights(table, log_counts, is_bias, candidates[best], STRENGTH)
    gains = ndcg(table, log_counts, led) - ndcg(table, log_counts, learnt)
    return led if gains.mean() > _RATHER * gains.std() / np.sqrt(len(gains)) else None


def _of_kinds(table: np.ndarray, log_counts: np.ndarray, is_back: np.ndarray, learnt: np.ndarray) -> np.ndarray:
    """Return the weights of both kinds of queries, shape (2, n_features - 1): all features but the last, the bias.

    They are shrunk towards those of all queries, `learnt`. Where they do not rank clearly better, beyond twice the
    standard error of the NDCG that they gain, or queries of a kind are few, both are those of all.
    """
    both = np.stack([learnt[:-1], learnt[:-1]])
    if min(is_back.sum(), (~is_back).sum()) < FEWEST_QUERIES:
        return both
    own, gains, none_free = np.empty_like(both), np.empty(len(table)), np.zeros(len(learnt) - 1, dtype=bool)
    for kind in (0, 1):
        rows = np.flatnonzero(is_back == kind)
        features, biased = table[rows, :, :-1], log_counts[rows] + np.float32(learnt[-1]) * table[rows, :, -1]
        own[kind] = softmax_weights(features, biased, none_free, learnt[:-1], STRENGTH)
        better, common = (ndcg(features, biased, weights) for weights in (own[kind], both[kind]))
        gains[rows] = better - common
    return own if gains.mean() > _CLEARLY * gains.std() / np.sqrt(len(gains)) else both


def given_weights(weights, names: list[str]) -> np.ndarray:
    """Read weights as pairs, warm and cold.

    Parameters
    ----------
    weights : list or dict
        A number or a pair of numbers for each recommender, in their order or by name.
    names : list of str
        The recommenders.

    Returns
    -------
    ndarray of shape (n_recommenders, 2), dtype=float64
        For items with clicks and for items without.

    Raises
    ------
    ValueError
        If names or their number differ, or an entry is neither a number, of a magnitude that float32 can multiply
        with, nor a pair of them.
    """
    if isinstance(weights, dict):
        unknown = sorted(set(weights) ^ set(names))
        if unknown:
            raise ValueError(f"weights and recommenders differ in {unknown[0]!r}: pass one weight for each of {names}.")
        weights = [weights[name] for name in names]
    if len(weights) != len(names):
        raise ValueError(f"weights has {len(weights)} entries for {len(names)} recommenders: {names}.")
    pairs: list = [(one, one) if isinstance(one, Real) else one for one in weights]
    for name, pair in zip(names, pairs, strict=True):
        if not (np.ndim(pair) == 1 and len(pair) == 2 and all(map(_is_weight, pair))):
            raise ValueError(
                f"The weight of {name!r} is {shorten(pair)}: pass a number, or a pair of them (warm, cold), that "
                f"is 0 or of a magnitude from {1 / LARGEST_WEIGHT:g} to {LARGEST_WEIGHT:g}."
            )
    return np.asarray(pairs, dtype=np.float64)


def _is_weight(value) -> bool:
    if not isinstance(value, Real):
        return False
    magnitude: Any = abs(value)  # not float(value): an int may be too large for it
    return magnitude == 0 or 1 / LARGEST_WEIGHT <= magnitude <= LARGEST_WEIGHT


def bounded_boost(boost: float, n_cold: int, n_items: int) -> float:
    """Return `boost`, or as much of it as leaves items without clicks a twentieth of what is wanted, but 1 at least.

    Examples
    --------
    >>> [round(bounded_boost(5.0, n_cold, 1000), 2) for n_cold in (0, 10, 20, 100)]
    [5.0, 5.0, 2.58, 1.0]
    """
    if boost <= 1 or not 0 < n_cold < n_items:
        return boost
    at_most = _MOST_COLD_DEMAND / (1 - _MOST_COLD_DEMAND) * (n_items - n_cold) / n_cold
    return max(1.0, min(boost, at_most))


def _by_warmth(values: np.ndarray, is_cold: np.ndarray) -> np.ndarray:
    """Return features of shape (n_queries, m, 2 n + 1): values of warm items, values of cold ones, and 1 for these."""
    cold = is_cold[:, :, np.newaxis].astype(np.float32)
    return np.concatenate([values * (1 - cold), values * cold, cold], axis=2, dtype=np.float32)

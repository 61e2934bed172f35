"""Re-ranking by rules: what a shop decides beside the scores, with the reason of each move."""

import math
import warnings
from dataclasses import dataclass
from numbers import Integral
from typing import Any, NamedTuple

import numpy as np
from sklearn.utils import check_scalar

from .._utils._columns import read_rows
from .._utils._messages import shorten
from .._utils._warnings import stacklevel_of_caller
from ._candidates import read_scores, scaled
from ._catalog import Catalog
from ._ids import decode_ids, encode_lists, item_index, refuse_other_types
from ._rule_reasons import reason_of_move
from ._ruled_frame import is_ranking_frame, read_ranking_frame, ruled_frame
from ._rules import Available, Boost, MaxPerGroup, Pin, group_name, groups_of

_RULES = (Available, Boost, MaxPerGroup, Pin)


class RuledRanking(NamedTuple):
    """Ranked lists after rules.

    Parameters
    ----------
    items : ndarray of shape (n_queries, n), dtype=object
        Ids, best first; None at the end where rows are short.
    scores : ndarray of shape (n_queries, n), dtype=float32, or None
        The recommender's own scores of these items, which a boost does not change: NaN for a pinned item that was no
        candidate, -inf where the id is None. None where none were passed.
    reasons : ndarray of shape (n_queries, n), dtype=object
        Why an item has another place than it had, or that it is pinned; an empty str for all others.
    """

    items: np.ndarray
    scores: np.ndarray | None
    reasons: np.ndarray


def rule_rerank(recommended, scores=None, *, items, rules, k=10):
    """Apply rules to ranked lists: what is available, boosts, pinned items, and at most n items of a group.

    The order of `rules` does not matter. An item that is not available is never shown. Then pinned items have their
    places. The other places are filled by the order of the boosted scores, with items whose group is not full yet;
    pinned items count towards their groups.

    Parameters
    ----------
    recommended : array-like of shape (n_queries, n_candidates), sequence of sequences, or DataFrame
        Candidates, best first, as ``recommend(X, k=100, return_scores=True)`` gives them; None fills short rows. Or the
        table of ``recommend(X, k=100, as_frame=True)``, of pandas or another library, which has the scores.
    scores : array-like of shape (n_queries, n_candidates), or sequence of sequences, default=None
        Their scores, which order the candidates. None keeps the order of the lists, such as that of `mmr_rerank`, and
        boosts then raise an item by a share of the list.
    items : Catalog or array-like of shape (n_items,)
        The catalogue, or its ids.
    rules : list of Available, Boost, MaxPerGroup and Pin
        The rules. Of two pinned items with one place, the first one has it, the other one the next.
    k : int, default=10
        How many are shown.

    Returns
    -------
    ranking : RuledRanking
        The tuple ``(items, scores, reasons)``, each of shape (n_queries, min(k, n_candidates + n_pinned)).
    frame : DataFrame
        In the place of it where `recommended` is a table: its columns, with the new order, and a column "reason".

    Raises
    ------
    ValueError
        If shapes differ, an item is not in the catalogue or twice in a list, a score is not finite, a pinned or boosted
        item is not in the catalogue, a pinned item is pinned twice or beyond `k`, or groups do not match the items.
    TypeError
        If a rule is none of these.

    Warns
    -----
    UserWarning
        If lists are shorter than `k` because rules left out their candidates; it says how many candidates to pass.

    See Also
    --------
    mmr_rerank : Lists whose items are unlike each other.
    calibrated_rerank : Lists in proportion to the history.

    Notes
    -----
    Ask for more candidates than `k`: rules that leave out half of them need twice as many. As the items in stock are
    known before, ``recommend(X, candidates=in_stock)`` needs no more than `k`. Where the largest group has a share s of
    the candidates, `MaxPerGroup` needs about ``k / (1 - s)``.

    Examples
    --------
    >>> from sklearn_llmtokens.recommend import Boost, MaxPerGroup, Pin, rule_rerank
    >>> brands = ["lu", "lu", "lu", "mei", "mei"]
    >>> rules = [MaxPerGroup(brands, 2), Boost(["d"], 0.8), Pin(["e"])]
    >>> ranking = rule_rerank([list("abcd")], [[4.0, 3.0, 2.0, 1.0]], items=list("abcde"), rules=rules, k=4)
    >>> for item, score, reason in zip(*(column[0] for column in ranking)):
    ...     print(item, score, reason)
    e nan pinned to place 1, no candidate
    a 4.0 place 1 -> 2: 1 pinned above
    d 1.0 place 4 -> 3: boosted by 0.8; 1 pinned above
    b 3.0 place 2 -> 4: 1 pinned above; 1 boosted above
    """
    if is_ranking_frame(recommended):
        if scores is not None:
            raise ValueError(
                "scores were passed beside a table, which has them in its column 'score': pass one of both."
            )
        lists, values, rows = read_ranking_frame(recommended)
        return ruled_frame(recommended, rows, rule_rerank(lists, values, items=items, rules=rules, k=k))
    check_scalar(k, "k", Integral, min_val=1)
    recommended = read_rows(recommended, "recommended", "lists of ids")
    codes, _ = encode_lists(recommended, item_index(items))
    table = None if scores is None else read_scores(scores, codes)
    relevance = scaled(_falling(codes) if table is None else table, codes >= 0)
    rulebook = _Rulebook.read(rules, items, codes, int(k))
    chosen = [_rerank_row(row[row >= 0], relevance[i], rulebook, int(k)) for i, row in enumerate(codes)]
    n_candidates = max(map(len, recommended), default=0)  # of which None fills short rows
    _warn_of_short_lists(chosen, (codes >= 0).sum(axis=1) == n_candidates, n_candidates, int(k))
    return _ranking(chosen, items, table, min(int(k), n_candidates + len(rulebook.pinned)))


@dataclass(frozen=True)
class _Rulebook:
    """Rules as they are applied: what each says of the items that are candidates or pinned.

    Attributes
    ----------
    available : set of int or None
        Positions of the candidates and pinned items that may be shown; None for all.
    boosts : dict of int to float
        What is added, by position.
    pinned : dict of int to int
        The position of the item that is pinned to a place, from 0.
    limits : list of (str, int, dict)
        Name and size of each limit, and the group of each item by position.
    """

    available: set[int] | None
    boosts: dict[int, float]
    pinned: dict[int, int]
    limits: list[tuple[str, int, dict[int, Any]]]

    @classmethod
    def read(cls, rules, items, codes: np.ndarray, k: int) -> "_Rulebook":
        if isinstance(rules, _RULES):
            raise TypeError(f"rules is one {type(rules).__name__}: pass a list of rules, even of one.")
        for rule in rules:
            if not isinstance(rule, _RULES):
                names = ", ".join(one.__name__ for one in _RULES)
                raise TypeError(f"rules holds {shorten(rule)} of type {type(rule).__name__}: it takes {names}.")
        pinned = _read_pins([rule for rule in rules if isinstance(rule, Pin)], items, k)
        used = np.unique(np.concatenate([codes[codes >= 0], np.array(list(pinned.values()), dtype=np.int64)]))
        ids = dict(zip(used.tolist(), decode_ids(items, used[np.newaxis])[0].tolist(), strict=True))
        available = _read_available([rule for rule in rules if isinstance(rule, Available)], ids)
        boosts: dict[int, float] = {}
        for rule in rules:
            if isinstance(rule, Boost):
                for code in _positions(rule.items, items, "Boost.items"):
                    boosts[code] = boosts.get(code, 0.0) + float(rule.amount)
        limits = [
            (group_name(rule), int(rule.n), groups_of(rule, items, used))
            for rule in rules
            if isinstance(rule, MaxPerGroup)
        ]
        if available is not None:
            pinned = {place: code for place, code in pinned.items() if code in available}
        return cls(available, boosts, pinned, limits)


@dataclass
class _Chosen:
    """One list: positions in the catalogue, places among the candidates (-1 for none), and reasons."""

    codes: list[int]
    places: list[int]
    reasons: list[str]
    is_cut: bool


def _rerank_row(codes: np.ndarray, relevance: np.ndarray, rulebook: _Rulebook, k: int) -> _Chosen:
    candidates = codes.tolist()
    gains = [float(r) + rulebook.boosts.get(code, 0.0) for code, r in zip(candidates, relevance, strict=False)]
    pins = set(rulebook.pinned.values())
    counts: list[dict] = [{} for _ in rulebook.limits]
    for code in rulebook.pinned.values():
        _count(counts, rulebook, code)
    taken: list[int] = []
    left_out: dict[int, str] = {}
    room = k - len(rulebook.pinned)
    for i in sorted(range(len(candidates)), key=lambda i: -gains[i]):  # stable: the first of equals is first
        code = candidates[i]
        if rulebook.available is not None and code not in rulebook.available:
            left_out[i] = "not available"
        elif code not in pins and len(taken) < room:
            full = _full(counts, rulebook, code)
            if full is None:
                taken.append(i)
                _count(counts, rulebook, code)
            else:
                left_out[i] = full
    places, order = {code: i for i, code in enumerate(candidates)}, iter(taken)
    shown: list[tuple[int, int]] = []
    for place in range(k):
        if place in rulebook.pinned:
            code = rulebook.pinned[place]
            shown.append((code, places.get(code, -1)))
        elif (i := next(order, -1)) >= 0:
            shown.append((candidates[i], i))
    found = [i for _, i in shown]
    reasons = [
        reason_of_move(q, found, code in pins, rulebook.boosts, candidates, left_out, pins)
        for q, (code, _) in enumerate(shown)
    ]
    return _Chosen([code for code, _ in shown], found, reasons, bool(left_out))


def _count(counts: list[dict], rulebook: _Rulebook, code: int) -> None:
    for of_group, (_, _, groups) in zip(counts, rulebook.limits, strict=True):
        if groups[code] is not None:
            of_group[groups[code]] = of_group.get(groups[code], 0) + 1


def _full(counts: list[dict], rulebook: _Rulebook, code: int) -> str | None:
    """Return what an item is too much of, or None."""
    for of_group, (name, n, groups) in zip(counts, rulebook.limits, strict=True):
        if groups[code] is not None and of_group.get(groups[code], 0) >= n:
            return f"over {n} per {name}"
    return None


def _ranking(chosen: list[_Chosen], items, table: np.ndarray | None, n_columns: int) -> RuledRanking:
    shape = len(chosen), n_columns
    codes = np.full(shape, -1, dtype=np.int64)
    scores = None if table is None else np.full(shape, -np.inf, dtype=np.float32)
    reasons = np.full(shape, "", dtype=object)
    for row, one in enumerate(chosen):
        n = len(one.codes)
        codes[row, :n], reasons[row, :n] = one.codes, one.reasons
        if scores is not None and table is not None:
            scores[row, :n] = [np.nan if place < 0 else table[row, place] for place in one.places]
    return RuledRanking(decode_ids(items, codes), scores, reasons)


def _falling(codes: np.ndarray) -> np.ndarray:
    """Return scores that fall from place to place, for lists without."""
    return np.broadcast_to(-np.arange(codes.shape[1], dtype=np.float64), codes.shape)


def _read_available(rules: list[Available], ids: dict[int, Any]) -> set[int] | None:
    if not rules:
        return None
    allowed = frozenset.intersection(*(rule.items for rule in rules))
    found = {code for code, one in ids.items() if one in allowed}
    if not found:
        refuse_other_types(allowed, ids.values(), ("Available.items", "recommended"))
    return found


def _read_pins(rules: list[Pin], items, k: int) -> dict[int, int]:
    """Return the position of the item at each pinned place, from 0."""
    pinned: dict[int, int] = {}
    for rule in rules:
        place = int(rule.place) - 1
        for code in _positions(rule.items, items, "Pin.items"):
            while place in pinned:
                place += 1
            one = shorten(decode_ids(items, np.array([[code]]))[0, 0])
            if code in pinned.values():
                raise ValueError(f"{one} is pinned twice: an item has one place.")
            if place >= k:
                raise ValueError(f"{one} is pinned to place {place + 1}, beyond k={k}.")
            pinned[place] = code
    return pinned


def _positions(ids, items, name: str) -> list[int]:
    """Return the positions of ids in a catalogue, or in a column of ids that stands for one."""
    ids = list(ids)
    if isinstance(items, Catalog):
        return items.index_of(ids, name=name).tolist()
    index = item_index(items)
    missing = [one for one in ids if one not in index]
    if missing:
        raise ValueError(f"{name} has {shorten(missing[0])}, which is not an item of the catalogue.")
    return [index[one] for one in ids]


def _warn_of_short_lists(chosen: list[_Chosen], is_full: np.ndarray, n_candidates: int, k: int) -> None:
    """Warn of lists that rules left short although there may be more candidates."""
    lengths = [len(one.codes) for one, full in zip(chosen, is_full.tolist(), strict=True) if one.is_cut and full]
    short = [n for n in lengths if n < k]
    if short:
        need = math.ceil(n_candidates * k / max(1, min(short)))
        warnings.warn(
            f"{len(short)} of {len(chosen)} lists have fewer than k={k} items after the rules, the shortest "
            f"{min(short)} of {n_candidates} candidates: pass about {need} candidates, as recommend(X, k={need}) "
            "returns, or recommend(X, candidates=...) with the items in stock.",
            stacklevel=stacklevel_of_caller(),
        )

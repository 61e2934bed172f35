"""jieba's hidden Markov model for words that its dictionary lacks, decoded in linear time.

`jieba.finalseg.viterbi` copies the whole path at every character, which is quadratic: minutes for a run of some
100,000 characters. Here the same tables are decoded with back pointers (Viterbi 1967, doi:10.1109/TIT.1967.1054010).
The sums are made in jieba's order and ties are broken as it breaks them (the larger state letter), because a character
that the model has never seen adds -3.14e100, which drowns everything else: after it, every comparison is a tie.
"""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

from ._jieba import import_jieba
from ._shared import shared

_FIRST, _LAST = 0x4E00, 0x9FD5  # the characters that jieba gives to the model
_MIN_BATCH = 24


class _Model(NamedTuple):
    start: tuple[float, ...]
    transition: dict[str, float]
    emission: dict[str, tuple[float, ...]]
    unseen: tuple[float, ...]
    emission_table: np.ndarray


def recognise(runs: Iterable[str]) -> dict[str, str]:
    """Cut runs of Chinese characters into words.

    Parameters
    ----------
    runs : iterable of str
        Runs of characters in U+4E00 to U+9FD5, the ones that jieba gives to its model.

    Returns
    -------
    dict of str to str
        The words of each run with a space between them.

    Examples
    --------
    >>> recognise(["杭研"])
    {'杭研': '杭研'}
    """
    model = shared(_load_model)
    ordered = sorted(set(runs), key=len, reverse=True)
    # Where fewer runs than this go on, numbers beat arrays.
    longest = len(ordered[_MIN_BATCH - 1]) if len(ordered) >= _MIN_BATCH else 0
    n_alone = bisect_left(ordered, -longest, key=lambda run: -len(run))
    words = {run: _cut_one(run, model) for run in ordered[:n_alone]}
    words.update(zip(ordered[n_alone:], _cut_many(ordered[n_alone:], model), strict=True))
    return words


def _load_model() -> _Model:
    finalseg = import_jieba("jieba.finalseg")
    states = "BMES"
    unseen = (finalseg.MIN_FLOAT,) * 4
    emission = {
        char: tuple(finalseg.emit_P[state].get(char, finalseg.MIN_FLOAT) for state in states)
        for char in set().union(*finalseg.emit_P.values())
    }
    transition = {
        before + after: finalseg.trans_P[before].get(after, finalseg.MIN_FLOAT)
        for after, befores in finalseg.PrevStatus.items()
        for before in befores
    }
    table = np.array([emission.get(chr(code), unseen) for code in range(_FIRST, _LAST + 1)])
    return _Model(tuple(finalseg.start_P[state] for state in states), transition, emission, unseen, table)


def _cut_one(run: str, model: _Model) -> str:
    get, unseen = model.emission.get, model.unseen
    at_first, *emissions = [get(char, unseen) for char in run]
    state = _begin(at_first, model)
    pointers = []
    for at in emissions:
        state, pointer = _step(state, at, model.transition, _choose)
        pointers.append(pointer)
    starts = larger = _ends_with_single(state)
    found = [starts]
    for pointer in reversed(pointers):
        starts, larger = _before(starts, larger, pointer, _choose)
        found.append(starts)
    return "".join(f" {char}" if is_start else char for char, is_start in zip(run, found[::-1], strict=True)).strip()


def _cut_many(runs: Sequence[str], model: _Model) -> list[str]:
    """Cut runs, the longest first: at each position go on those that are long enough, a slice of the arrays."""
    if not runs:
        return []
    text = "\n".join(runs)
    codes = np.frombuffer(text.encode("utf-32-le"), dtype="<u4")
    lengths = np.fromiter(map(len, runs), np.intp, len(runs))
    firsts = np.append(0, (lengths + 1).cumsum()[:-1])  # in `codes`
    n_active = np.searchsorted(-lengths, -np.arange(lengths[0]), side="left").tolist()  # by position

    state = _begin(_emissions(codes[firsts], model), model)
    pointers = []
    larger = np.empty(len(runs), dtype=bool)  # of the last state of each run
    for position, n in enumerate([*n_active[1:], 0], 1):
        larger[n : n_active[position - 1]] = _ends_with_single([scores[n:] for scores in state])
        if n:
            at = _emissions(codes[firsts[:n] + position], model)
            state, pointer = _step([scores[:n] for scores in state], at, model.transition, np.where)
            pointers.append(pointer)

    is_start = np.zeros(len(codes), dtype=bool)
    starts = larger.copy()
    for position in range(len(pointers), 0, -1):
        n = n_active[position]
        is_start[firsts[:n] + position] = starts[:n]
        starts[:n], larger[:n] = _before(starts[:n], larger[:n], pointers[position - 1], np.where)
    spaced = np.repeat(codes, is_start + 1)
    spaced[np.flatnonzero(is_start) + np.arange(is_start.sum())] = ord(" ")
    return spaced.tobytes().decode("utf-32-le").split("\n")


def _emissions(codes: np.ndarray, model: _Model) -> np.ndarray:
    return np.ascontiguousarray(model.emission_table[codes - _FIRST].T)


def _choose(condition: bool, yes: Any, no: Any) -> Any:
    return yes if condition else no


# What follows takes numbers of one run, or arrays with an element for each of many; `where` chooses among them.


def _begin(at, model: _Model) -> list:
    """Compute the score of each state at the first character, in the order B, M, E, S."""
    return [prior + score for prior, score in zip(model.start, at, strict=True)]


def _step(state, at, t: dict[str, float], where) -> tuple[list, tuple]:
    """Compute the scores at the next character, and whether each came from the state of the larger letter.

    B comes from E or S, M from B or M, E from B or M, S from E or S.
    """
    begin, middle, end, single = state
    at_begin, at_middle, at_end, at_single = at
    begin_e, begin_s = end + t["EB"] + at_begin, single + t["SB"] + at_begin
    middle_b, middle_m = begin + t["BM"] + at_middle, middle + t["MM"] + at_middle
    end_b, end_m = begin + t["BE"] + at_end, middle + t["ME"] + at_end
    single_e, single_s = end + t["ES"] + at_single, single + t["SS"] + at_single
    pointer = (begin_s >= begin_e, middle_m >= middle_b, end_m >= end_b, single_s >= single_e)
    scores = [
        where(pointer[0], begin_s, begin_e),
        where(pointer[1], middle_m, middle_b),
        where(pointer[2], end_m, end_b),
        where(pointer[3], single_s, single_e),
    ]
    return scores, pointer


def _ends_with_single(state):
    _, _, end, single = state
    return single >= end


def _before(starts, larger, pointer, where) -> tuple:
    """Follow the pointers of a character to the state at the one before.

    A state is two flags: whether it starts a word (B and S do), and whether it is the larger letter of its pair (S of B
    and S, M of E and M), which is also what a pointer says of the state before.
    """
    from_s, from_m, end_from_m, single_from_s = pointer
    before = where(starts, where(larger, single_from_s, from_s), where(larger, from_m, end_from_m))
    return starts == before, before

"""jieba's hidden Markov model for words that its dictionary lacks, decoded in linear time.

`jieba.finalseg.viterbi` copies the whole path at every character, which is quadratic: minutes for a run of some
100,000 characters. Here the same tables are decoded with back pointers (Viterbi 1967, doi:10.1109/TIT.1967.1054010).
The sums are made in jieba's order and ties are broken as it breaks them (the larger state letter), because a character
that the model has never seen adds -3.14e100, which drowns everything else: after it, every comparison is a tie.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

from ._jieba import import_jieba
from ._shared import shared

_FIRST, _LAST = 0x4E00, 0x9FD5  # the characters that jieba gives to the model
_MIN_BATCH = 24  # from this many runs of one length on, arrays beat numbers


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
    by_length = defaultdict(list)
    for run in runs:
        by_length[len(run)].append(run)
    words: dict[str, str] = {run: run for run in by_length.pop(1, ())}
    for length, same in by_length.items():
        if len(same) < _MIN_BATCH:
            words.update((run, _cut_one(run, model)) for run in same)
        else:
            words.update(zip(same, _cut_many(same, length, model), strict=True))
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
    starts = _word_starts([get(char, unseen) for char in run], model, _choose)
    return "".join(f" {char}" if is_start else char for char, is_start in zip(run, starts, strict=True)).strip()


def _cut_many(runs: Sequence[str], length: int, model: _Model) -> list[str]:
    codes = np.frombuffer("".join(runs).encode("utf-32-le"), dtype="<u4").reshape(-1, length)  # (n_runs, length)
    emissions = model.emission_table[codes - _FIRST].transpose(1, 2, 0)  # (length, 4, n_runs)
    starts = np.stack(_word_starts(list(emissions), model, np.where), axis=1)  # (n_runs, length)
    spaced = np.full((len(runs), 2 * length + 1), ord("\n"), dtype="<u4")
    spaced[:, :-1:2] = ord(" ")
    spaced[:, 1::2] = codes
    kept = np.ones(spaced.shape, dtype=bool)
    kept[:, :-1:2] = starts
    kept[:, 0] = False
    return spaced[kept].tobytes().decode("utf-32-le").split("\n")[:-1]


def _choose(condition: bool, yes: Any, no: Any) -> Any:
    return yes if condition else no


def _word_starts(emissions: Sequence, model: _Model, where) -> list:
    """Tell for each character whether a word starts there.

    The scores are numbers for one run, or arrays with an element for each of many runs; `where` chooses among them.
    """
    t = model.transition
    begin, middle, end, single = (prior + score for prior, score in zip(model.start, emissions[0], strict=True))
    pointers = []
    for at_begin, at_middle, at_end, at_single in emissions[1:]:
        begin_e, begin_s = end + t["EB"] + at_begin, single + t["SB"] + at_begin
        middle_b, middle_m = begin + t["BM"] + at_middle, middle + t["MM"] + at_middle
        end_b, end_m = begin + t["BE"] + at_end, middle + t["ME"] + at_end
        single_e, single_s = end + t["ES"] + at_single, single + t["SS"] + at_single
        from_s, from_m, end_from_m, single_from_s = (
            begin_s >= begin_e,
            middle_m >= middle_b,
            end_m >= end_b,
            single_s >= single_e,
        )
        pointers.append((from_s, from_m, end_from_m, single_from_s))
        begin = where(from_s, begin_s, begin_e)
        middle = where(from_m, middle_m, middle_b)
        end = where(end_from_m, end_m, end_b)
        single = where(single_from_s, single_s, single_e)
    return _trace_back(pointers, single >= end, where)


def _trace_back(pointers: list, ends_single, where) -> list:
    """Follow the pointers from the last character to the first.

    A state is two flags: whether it starts a word (B and S do), and whether it is the larger letter of its pair (S of B
    and S, M of E and M), which is also what a pointer says of the state before.
    """
    starts, larger = ends_single, ends_single
    out = [starts]
    for from_s, from_m, end_from_m, single_from_s in reversed(pointers):
        pointer = where(starts, where(larger, single_from_s, from_s), where(larger, from_m, end_from_m))
        starts, larger = starts == pointer, pointer
        out.append(starts)
    return out[::-1]

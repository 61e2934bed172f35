"""Simulation of the histories of the toy catalogue, by known rules that a recommender can find.

The bundled file of histories is the output of :func:`simulate_histories`; a test holds the two together.
Only ``random.Random.random`` is drawn from, whose sequence Python keeps stable from version to version.

The rules
---------
1. A reader has one main interest (a category) and, in two cases of three, a second one: the companion of the first
   (`COMPANIONS`). Companions share few words, so the pairing shows in what is read together and hardly in the texts.
2. Within a category the items stand in order of popularity, with weights 1, 1/2, 1/3, ... . It is the
   catalogue's order rotated by the number of the category, so that every domain has popular items.
3. After an item, with probability `HABIT`, its successor comes next: the item three places further on in its
category.
   Otherwise the reader picks from the main interest (0.62), the second one (0.23) or anywhere (0.15).
4. Nobody reads an item twice. The items in `UNSEEN` are new: nobody has met them yet.
5. Each event comes hours to days after the one before; no two events of a reader share a time.
"""

from bisect import bisect_right
from itertools import accumulate
from random import Random

SEED = 2024
N_READERS = 240
HABIT = 0.3
MIN_EVENTS, MAX_EVENTS = 5, 14
START, DAY = 1_704_067_200, 86_400  # 2024-01-01 00:00 UTC, in seconds
COMPANIONS = {
    "cooking": "gardening",
    "gardening": "cooking",
    "running": "music",
    "music": "running",
    "parenting": "pets",
    "pets": "parenting",
    "photography": "camping",
    "camping": "photography",
    "programming": "tea",
    "tea": "programming",
}
UNSEEN = frozenset({"S012", "S027", "C014", "N022"})


def simulate_histories(item_ids, categories, *, seed=SEED):
    """Simulate what the readers of the catalogue read, oldest first.

    Parameters
    ----------
    item_ids : sequence of str
        The items, in the order of the catalogue.
    categories : sequence of str
        Category of each item.
    seed : int, default=SEED
        Seed of the simulation.

    Returns
    -------
    list of dict
        For each reader: `user`, `history` (item ids), `timestamps` (seconds since 1970), `target` (the item that
        came next) and `target_timestamp`.
    """
    rng = Random(seed)
    shelves = _shelves(item_ids, categories)
    successors = {
        item: shelf[(place + 3) % len(shelf)] for shelf in shelves.values() for place, item in enumerate(shelf)
    }
    return [_one_reader(number, rng, shelves, successors) for number in range(N_READERS)]


def _shelves(item_ids, categories):
    shelves: dict[str, list[str]] = {}
    for item, category in zip(item_ids, categories, strict=True):
        shelves.setdefault(category, []).append(item)
    return {
        category: shelf[shift % len(shelf) :] + shelf[: shift % len(shelf)]
        for shift, (category, shelf) in enumerate(shelves.items())
    }


def _one_reader(number, rng, shelves, successors):
    names = list(shelves)
    main = names[int(rng.random() * len(names))]
    second = COMPANIONS[main] if rng.random() < 2 / 3 else main
    n_events = MIN_EVENTS + int(rng.random() * (MAX_EVENTS - MIN_EVENTS + 1))
    events: list[str] = []
    while len(events) < n_events + 1:
        item = _next_item(rng, events[-1] if events else None, main, second, shelves, successors)
        if item not in UNSEEN and item not in events:
            events.append(item)
    times = list(accumulate((_pause(rng) for _ in events), initial=START + int(rng.random() * 120 * DAY)))[1:]
    return {
        "user": f"U{number + 1:03d}",
        "history": events[:-1],
        "timestamps": times[:-1],
        "target": events[-1],
        "target_timestamp": times[-1],
    }


def _next_item(rng, last, main, second, shelves, successors):
    if rng.random() < HABIT and last is not None:
        return successors[last]
    draw = rng.random()
    names = list(shelves)
    anywhere = names[int(rng.random() * len(names))]
    category = main if draw < 0.62 else second if draw < 0.85 else anywhere
    return _popular(rng, shelves[category])


def _popular(rng, shelf):
    cumulated = list(accumulate(1 / (place + 1) for place in range(len(shelf))))
    return shelf[bisect_right(cumulated, rng.random() * cumulated[-1])]


def _pause(rng):
    return 3_600 + int(rng.random() ** 2 * 4 * DAY)

"""Why an item has another place after rules than before."""


def reason_of_move(
    place: int,
    shown: list[int],
    is_pinned: bool,
    boosts: dict[int, float],
    candidates: list[int],
    left_out: dict[int, str],
    pins: set[int],
) -> str:
    """Return why the item at a place of a list is there.

    Parameters
    ----------
    place : int
        The place in the list, from 0.
    shown : list of int
        The places that the items of the list had among the candidates, -1 for a pinned item that was none of them.
    is_pinned : bool
        Whether this item is pinned.
    boosts : dict of int to float
        What was added to the scores of items, by their codes.
    candidates : list of int
        Codes of the candidates in their order.
    left_out : dict of int to str
        Why candidates, by their places, are not in the list.
    pins : set of int
        Codes of the pinned items.

    Returns
    -------
    str
        The reason; empty where the item has the place that it had.

    Examples
    --------
    >>> reason_of_move(0, [1, 2], False, {}, [7, 8, 9], {0: "not available"}, set())
    'place 2 -> 1: 1 not available'
    >>> reason_of_move(1, [1, 0, 2], False, {8: 0.3}, [7, 8, 9], {}, set())
    'place 1 -> 2: 1 boosted above'
    """
    before = shown[place]
    if is_pinned:
        return f"pinned to place {place + 1}" + (", no candidate" if before < 0 else f", was at {before + 1}")
    if before == place:
        return ""
    causes: list[str] = []
    boost = boosts.get(candidates[before], 0.0)
    above = shown[:place]
    jumped = [i for i in above if i < 0 or i > before]
    gone = sorted(set(range(before)) - set(above))
    counted = [left_out[i] for i in gone if i in left_out]
    counted += ["pinned above" for i in jumped if i < 0 or candidates[i] in pins]
    counted += ["pinned below" for i in gone if candidates[i] in pins and i not in left_out]
    others = [i for i in jumped if i >= 0 and candidates[i] not in pins]
    sunk = [i for i in gone if i not in left_out and candidates[i] not in pins]
    if boost and (others if boost < 0 else sunk):
        causes.append(f"{'boosted' if boost > 0 else 'lowered'} by {abs(boost):g}")
    if boost >= 0:
        counted += ["boosted above" for _ in others]
    if boost <= 0:
        counted += ["lowered" for _ in sunk]
    causes += [f"{counted.count(one)} {one}" for one in dict.fromkeys(counted)]
    return f"place {before + 1} -> {place + 1}: " + "; ".join(causes)

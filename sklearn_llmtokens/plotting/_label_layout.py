"""Write labels into axes so that none covers another: measured, moved, and left out where there is no place."""

from collections.abc import Sequence

import numpy as np

# Where a label may stand, in widths and heights of its box from the place of its anchor.
AROUND = [(0, 0), (0, 1), (0, -1), (0.55, 0.6), (-0.55, 0.6), (0.55, -0.6), (-0.55, -0.6), (0, 2), (0, -2)]
BESIDE = [(0.55, 0.7), (0.55, -0.7), (-0.55, 0.7), (-0.55, -0.7)]

_PADDING = 2.0  # points between a label and the edge of its box, and as much to the next box


def place_labels(ax, texts: Sequence[str], points: np.ndarray, shifts, boxes: list, *, styles, limit: int, **kwargs):
    """Write texts near their points, the first ones first, where they cover none of the boxes.

    Parameters
    ----------
    ax : matplotlib Axes
        The axes, whose size does not change any more.
    texts : sequence of str of length n_labels
        One line each.
    points : ndarray of shape (n_labels, 2)
        Anchors, in data coordinates.
    shifts : list of (float, float)
        Where a label may stand, the best place first, in widths and heights of its box.
    boxes : list of ndarray of shape (4,)
        Left, bottom, right and top of what is taken, in pixels. Those of new labels are appended.
    styles : sequence of dict of length n_labels
        Keyword arguments of ``Axes.annotate`` for each label.
    limit : int
        At most so many labels are written.
    **kwargs : dict
        Keyword arguments of ``Axes.annotate`` for all labels.

    Returns
    -------
    list of matplotlib Annotation
        The labels that have a place.
    """
    written: list = []
    frame = _box(ax.get_window_extent(), 0)
    scale = 72 / ax.get_figure().dpi  # points of a pixel
    anchors = ax.transData.transform(points)  # (n_labels, 2), in pixels
    for text, point, anchor, style in zip(texts, points, anchors, styles, strict=True):
        if len(written) == limit:
            break
        label = ax.annotate(
            text, point, (0, 0), textcoords="offset points", ha="center", va="center", **kwargs, **style
        )
        label.set_in_layout(False)
        size = _box(label.get_window_extent(), 2 * _PADDING / scale)
        width, height = size[2:] - size[:2]
        shift = _free_shift(anchor, np.array([width, height]), shifts, boxes, frame)
        if shift is None:
            label.remove()
            continue
        label.set_position(shift * scale)
        boxes.append(_around(anchor + shift, width, height))
        written.append(label)
    return written


def cut(text: str, width: int) -> str:
    """Return the first line of a text, cut to a width at which Chinese characters count twice.

    Examples
    --------
    >>> cut("delivery was fast", 8), cut("快递很快", 8), cut("快递真的很快", 8)
    ('delive…', '快递很快', '快递真…')
    """
    line = " ".join(text.split("\n", 1)[0].split())
    widths = np.cumsum([2 if ord(character) > 0x2E80 else 1 for character in line])
    if not len(widths) or widths[-1] <= width:
        return line
    return f"{line[: int(np.searchsorted(widths, width - 2, side='right'))]}…"


def overlaps(box: np.ndarray, boxes: np.ndarray) -> np.ndarray:
    """Check which boxes a box covers, bool of shape (n_boxes,).

    Examples
    --------
    >>> overlaps(np.array([0, 0, 2, 2]), np.array([[1, 1, 3, 3], [2, 0, 4, 2]]))
    array([ True, False])
    """
    return (box[0] < boxes[:, 2]) & (boxes[:, 0] < box[2]) & (box[1] < boxes[:, 3]) & (boxes[:, 1] < box[3])


def _free_shift(anchor: np.ndarray, size: np.ndarray, shifts, boxes: list, frame: np.ndarray):
    """Return the first shift, in pixels, at which the box is inside of the frame and covers no other, or None."""
    taken = np.array(boxes).reshape(-1, 4)
    for shift in shifts:
        box = _around(anchor + size * shift, *size)
        inside = (box[:2] >= frame[:2]).all() and (box[2:] <= frame[2:]).all()
        if inside and not overlaps(box, taken).any():
            return size * shift
    return None


def _around(centre: np.ndarray, width: float, height: float) -> np.ndarray:
    half = np.array([width, height]) / 2
    return np.concatenate([centre - half, centre + half])


def _box(extent, padding: float) -> np.ndarray:
    return np.array([extent.x0 - padding, extent.y0 - padding, extent.x1 + padding, extent.y1 + padding])

"""One row through the steps of a fitted pipeline, each of which keeps the way back to places in the texts."""

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import sparse
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import FeatureUnion, Pipeline

from .._utils._sklearn import column_indices, safe_indexing
from .._utils._text_frames import column_names
from ..text import TableReader
from ._alignment import Alignment, align
from ._nodes import Column, Located, Node, NotLinearError, Numbers, Source, Texts, dense_row, merge_tokens, no_place
from ._number_rules import NUMBER_RULES
from ._text_rules import TEXT_RULES


def follow(step, given: Node) -> Node:
    """Follow one row through a fitted step.

    Parameters
    ----------
    step : transformer, "passthrough" or None
        Fitted.
    given : Texts or Numbers
        What it reads.

    Returns
    -------
    Texts or Numbers
        What it returns.

    Raises
    ------
    NotLinearError
        If there is no rule for it.
    """
    if step is None or (isinstance(step, str) and step == "passthrough"):
        return given
    composite = find_rule(COMPOSITES, step)
    if composite is not None:
        return composite(step, given)
    if isinstance(given, Numbers):
        return _follow_numbers(step, given)
    if not any(column.text is not None for column in given.columns):
        return Numbers(step.transform(given.container), no_place)
    rule = find_rule(TEXT_RULES, step)
    return _follow_texts(step, given) if rule is None else rule(step, given)


def find_rule(rules: dict[type, Any], step) -> Any:
    """Return the rule of the nearest base class of a step, or None."""
    return next((rules[kind] for kind in type(step).__mro__ if kind in rules), None)


def _follow_numbers(step, given: Numbers) -> Numbers:
    rule = find_rule(NUMBER_RULES, step)
    if rule is None:
        raise NotLinearError(f"{type(step).__name__} has no rule")
    container = step.transform(given.container)
    x, y = given.row, dense_row(container)

    def back(coef: np.ndarray) -> list[Located]:
        return given.back(rule(step, x, y, coef))

    rule(step, x, y, np.zeros((1, len(y))))  # what is not linear is found now
    return given.followed_by(container, back)


def _follow_texts(step, given: Texts) -> Texts:
    """Follow texts through a step that changes them."""
    container = step.transform(given.container)
    changed = read_row(container)
    if len(changed) != len(given.columns) or not any(isinstance(cell, str) for cell in changed):
        raise NotLinearError(f"{type(step).__name__} reads texts and has no rule")
    columns = []
    for column, text in zip(given.columns, changed, strict=True):
        is_text = isinstance(text, str) and column.text is not None
        alignment = column.alignment.then(align(column.text or "", text)) if is_text else column.alignment
        columns.append(Column(text if isinstance(text, str) else None, column.sources, alignment))
    return Texts(container, tuple(columns))


def _follow_pipeline(step: Pipeline, given: Node) -> Node:
    for _, part in step.steps:
        given = follow(part, given)
    return given


def _follow_union(step: FeatureUnion, given: Node) -> Node:
    weights = step.transformer_weights or {}
    kept = [(name, part) for name, part in step.transformer_list if not _is_dropped(part)]
    parts = [(_as_numbers(follow(part, given)), weights.get(name, 1.0)) for name, part in kept]
    return _side_by_side([part for part, _ in parts], [weight for _, weight in parts])


def _follow_columns(step: ColumnTransformer, given: Node) -> Node:
    if isinstance(given, Numbers):
        raise NotLinearError("a ColumnTransformer behind features has no rule")
    parts = []
    for name, part, key in step.transformers_:
        output = step.output_indices_[name]
        if _is_dropped(part) or output.start == output.stop:
            continue
        idx = column_indices(given.container, key)
        chosen = Texts(safe_indexing(given.container, key, axis=1), tuple(given.columns[i] for i in idx))
        parts.append((output.start, _as_numbers(follow(part, chosen)), (step.transformer_weights or {}).get(name, 1.0)))
    parts.sort(key=lambda part: part[0])
    return _side_by_side([part for _, part, _ in parts], [weight for _, _, weight in parts])


def _follow_table(step: TableReader, given: Node) -> Node:
    """Follow a table into the text that is made of its columns of text."""
    if isinstance(given, Numbers) or step.kinds_ is None:
        return _follow_texts(step, given) if isinstance(given, Texts) else _follow_numbers(step, given)
    rows = step.transform(given.container)
    names = column_names(given.container)
    sources, stop = [], 0
    for name, kind in step.kinds_.items():
        text = given.columns[names.index(name)].text if kind == "text" else None
        if text:
            start = rows[0].index(text, stop)
            stop = start + len(text)
            sources.append(Source(names.index(name), start, stop))
    return Texts(rows, (Column(rows[0], tuple(sources), Alignment()),))


def _is_dropped(part) -> bool:
    return part is None or (isinstance(part, str) and part == "drop")


def _as_numbers(node: Node) -> Numbers:
    if isinstance(node, Texts):
        if any(column.text is not None for column in node.columns):
            raise NotLinearError("texts are passed on beside features")
        return Numbers(node.container, no_place)
    return node


def _side_by_side(parts: list[Numbers], weights: list[float]) -> Numbers:
    """Put features of several steps side by side, each multiplied by its weight."""
    blocks = [_matrix(part.container) * weight for part, weight in zip(parts, weights, strict=True)]
    is_sparse = any(sparse.issparse(block) for block in blocks)
    ends = np.cumsum([block.shape[1] for block in blocks])

    def back(coef: np.ndarray) -> list[Located]:
        pieces = np.split(coef, ends[:-1], axis=1)
        return [
            place
            for part, weight, piece in zip(parts, weights, pieces, strict=True)
            for place in part.back(piece * weight)
        ]

    return Numbers(
        sparse.hstack(blocks, format="csr") if is_sparse else np.hstack(blocks),
        back,
        tokens=merge_tokens(parts),
        texts=frozenset().union(*(part.texts for part in parts)),
        reads=tuple(read for part in parts for read in part.reads),
    )


def _matrix(container):
    return container if sparse.issparse(container) else np.asarray(container)


def read_row(container) -> list:
    """Return the cells of a container of one row."""
    if isinstance(container, list | tuple):
        return list(container)
    if sparse.issparse(container):
        return []
    return np.asarray(container).reshape(-1).tolist()


COMPOSITES: dict[type, Callable[[Any, Node], Node]] = {
    Pipeline: _follow_pipeline,
    FeatureUnion: _follow_union,
    ColumnTransformer: _follow_columns,
    TableReader: _follow_table,
}
"""Steps that hold others."""

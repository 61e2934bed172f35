"""Texts to try estimators on, and the containers that texts come in."""

from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from typing import Any

import numpy as np

TEXTS = (
    "物流很快，包装完好，下次还来买",
    "The room was clean and the staff were friendly.",
    "屏幕太暗了，玩游戏发烫，电池也不耐用",
    "good",
    "剧情拖沓，看得我直犯困",
    "苹果又脆又甜，孩子很喜欢吃",
    "A battery that lasts two days, and a screen that does not.",
    "前台态度冷淡，房间有股霉味",
    "洗完头发很顺，味道也好闻",
    "iPhone 15 比上一代轻了 20g",
    "Crisp, sweet apples; half of them bruised.",
    "封面有折痕，纸张薄得能透光",
)

UNUSUAL_TEXTS = {
    "NUL": "前\x00后",
    "a character beyond the basic plane": "𠮷野家的牛丼",
    "emoji joined to one": "一家人👩‍👩‍👧👍🏽",
    "right to left": "مرحبا بالعالم שלום",
    "a combining mark": "cafe\u0301",
    "the same, composed": "caf\u00e9",
    "characters without width": "零\u200b宽\ufeff度\u202e",
    "one punctuation mark": "。",
    "line breaks": "第一行\r\n第二行\n\n第四行",
}

BLANK_TEXTS = ("", " ", "\n\t ", "\u3000")


def installed(library: str) -> bool:
    """Check whether `library` can be imported."""
    return find_spec(library) is not None


def containers(texts: Sequence[str]) -> Iterator[tuple[str, Any]]:
    """Return `texts` in each container of one column whose library is installed, with a name for messages."""
    texts = list(texts)
    yield "a list", texts
    yield "a tuple", tuple(texts)
    yield "an array of objects", np.array(texts, dtype=object)
    yield "an array of fixed-width strings", np.array(texts)
    yield "an array of StringDType", np.array(texts, dtype=np.dtypes.StringDType())
    if installed("pandas"):
        import pandas as pd

        index = gapped_index(len(texts))
        yield "a pandas Series of objects with gaps in its index", pd.Series(texts, index=index, dtype=object)
        yield "a pandas Series of strings", pd.Series(texts, index=index, dtype="string")
        yield "a pandas Series of categories", pd.Series(texts, index=index, dtype="category")
        if installed("pyarrow"):
            yield "a pandas Series on pyarrow", pd.Series(texts, index=index, dtype="string[pyarrow]")
    if installed("polars"):
        import polars as pl

        yield "a polars Series", pl.Series("text", texts)
        yield "a polars Series of categories", pl.Series("text", texts, dtype=pl.Categorical)
    if installed("pyarrow"):
        import pyarrow as pa

        yield "a pyarrow Array", pa.array(texts)
        yield "a pyarrow ChunkedArray", pa.chunked_array([texts[:1], texts[1:]])


def containers_with_missing(texts: Sequence[str], row: int) -> Iterator[tuple[str, Any]]:
    """Return `texts` with the one at `row` missing, in each of the ways to be missing."""

    def with_value(value):
        changed: list[Any] = list(texts)
        changed[row] = value
        return changed

    yield "None in a list", with_value(None)
    yield "NaN in a list", with_value(float("nan"))
    yield "NaN in an array", np.array(with_value(np.nan), dtype=object)
    if installed("pandas"):
        import pandas as pd

        yield "pandas.NA in a list", with_value(pd.NA)
        yield "None in a pandas Series of objects", pd.Series(with_value(None), dtype=object)
        yield "NA in a pandas Series of strings", pd.Series(with_value(pd.NA), dtype="string")
        yield "NaN in a pandas Series of categories", pd.Series(with_value(None), dtype="category")
    if installed("polars"):
        import polars as pl

        yield "null in a polars Series", pl.Series(with_value(None))
    if installed("pyarrow"):
        import pyarrow as pa

        yield "null in a pyarrow Array", pa.array(with_value(None))


def two_columns(texts: Sequence[str]) -> np.ndarray:
    """Return `texts` and the same in reverse order as a 2-D array of objects."""
    both = np.empty((len(texts), 2), dtype=object)
    both[:, 0] = texts
    both[:, 1] = list(texts)[::-1]
    return both


def gapped_index(n_rows: int) -> list[int]:
    """Return an index that is neither a range nor sorted."""
    return [10 + 7 * ((5 * i + 3) % n_rows) for i in range(n_rows)] if n_rows % 5 else list(range(n_rows, 0, -1))

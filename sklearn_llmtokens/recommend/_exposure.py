"""Who gets seen: the exposure of groups of items (providers, languages, prices) against what they would be due."""

from dataclasses import dataclass

import numpy as np

from .._utils._columns import read_column, read_list, refuse_missing
from .._utils._messages import shorten
from .._utils._optional import require
from ._exposures import exposures
from ._ids import encode_lists, item_index
from .metrics._gini import gini


@dataclass(frozen=True, eq=False)
class ExposureReport:
    """Exposure by group. ``print(report)`` shows the table.

    Parameters
    ----------
    groups : ndarray of shape (n_groups,)
        The groups, by name.
    n_items : ndarray of shape (n_groups,), dtype int64
        Items of the catalogue in each.
    catalog_share : ndarray of shape (n_groups,)
        Share of the catalogue.
    exposure_share : ndarray of shape (n_groups,)
        Share of the exposure in the lists.
    click_share : ndarray of shape (n_groups,), or None
        Share of the clicks, if clicks were passed.
    coverage : ndarray of shape (n_groups,)
        Share of the group's items that are in at least one list.
    gini : ndarray of shape (n_groups,)
        Gini coefficient of exposure within the group.
    overall_coverage : float
        Share of all items that are in at least one list.
    overall_gini : float
        Gini coefficient of exposure over all items.
    """

    groups: np.ndarray
    n_items: np.ndarray
    catalog_share: np.ndarray
    exposure_share: np.ndarray
    click_share: np.ndarray | None
    coverage: np.ndarray
    gini: np.ndarray
    overall_coverage: float
    overall_gini: float

    @property
    def against_catalog(self) -> np.ndarray:
        """Exposure share divided by catalogue share, shape (n_groups,): 1 is parity."""
        return self.exposure_share / self.catalog_share

    @property
    def against_clicks(self) -> np.ndarray | None:
        """Exposure share divided by click share, shape (n_groups,): 1 is merit; NaN or inf without clicks."""
        if self.click_share is None:
            return None
        with np.errstate(divide="ignore", invalid="ignore"):
            return self.exposure_share / self.click_share

    @property
    def disparity(self) -> float:
        """Share of all exposure that would have to change groups for every group to have its catalogue share."""
        return float(np.abs(self.exposure_share - self.catalog_share).sum() / 2)

    def to_dict(self) -> dict:
        """Return plain values.

        Returns
        -------
        dict
            By group, a dict of its numbers under ``"groups"``; beside it the overall numbers.
        """
        columns = self._columns()
        rows = zip(*(column.tolist() for column in columns.values()), strict=True)
        groups = [dict(zip(columns, row, strict=True)) for row in rows]
        return {
            "groups": {row.pop("group"): row for row in groups},
            "coverage": self.overall_coverage,
            "gini": self.overall_gini,
            "disparity": self.disparity,
        }

    def to_frame(self):
        """Return the table.

        Returns
        -------
        pandas.DataFrame
            One row for each group.

        Raises
        ------
        MissingDependencyError
            If pandas is not installed.
        """
        pandas = require("pandas", extra="frames", purpose="ExposureReport.to_frame")
        return pandas.DataFrame(self._columns())

    def __str__(self) -> str:
        columns = self._columns()
        rows = [list(columns), *([_shown(v) for v in row] for row in zip(*columns.values(), strict=True))]
        widths = [max(len(row[j]) for row in rows) for j in range(len(columns))]
        lines = ["  ".join(f"{cell:>{w}}" for cell, w in zip(row, widths, strict=True)).rstrip() for row in rows]
        overall = f"coverage {self.overall_coverage:.3f}, gini {self.overall_gini:.3f}, disparity {self.disparity:.3f}"
        return "\n".join([*lines, overall])

    def _columns(self) -> dict[str, np.ndarray]:
        columns = {
            "group": self.groups,
            "n_items": self.n_items,
            "catalog_share": self.catalog_share,
            "exposure_share": self.exposure_share,
            "against_catalog": self.against_catalog,
            "click_share": self.click_share,
            "against_clicks": self.against_clicks,
            "coverage": self.coverage,
            "gini": self.gini,
        }
        return {name: column for name, column in columns.items() if column is not None}


def exposure_report(recommended, items, groups, *, clicks=None, k=10, position_weights="uniform"):
    """Compare the exposure of groups of items with their share of the catalogue and of the clicks.

    Parameters
    ----------
    recommended : array-like of shape (n_queries, n_columns), or sequence of sequences
        Item ids, best first, as ``recommend`` gives them; None fills short rows.
    items : Catalog or array-like of shape (n_items,)
        The catalogue, or its ids.
    groups : array-like of shape (n_items,)
        The group of each item, in the order of `items`: its provider, language, category.
    clicks : array-like of shape (n_clicks,), default=None
        Items that were chosen, one for each click: `y` of the same queries, say.
    k : int, default=10
        How many of each list count.
    position_weights : {"uniform", "log"}, default="uniform"
        What a place is worth: 1, or 1 / log2(rank + 1), as readers look less at places further down.

    Returns
    -------
    ExposureReport
        Numbers by group, groups by name.

    Raises
    ------
    ValueError
        If an argument is out of range, lengths differ, an item is not in the catalogue or has no group, or nothing is
        recommended.

    Notes
    -----
    Exposure in proportion to what a group would merit is the criterion of [1]_; here the merit is the share of the
    clicks. Clicks are biased towards what was shown before: parity with them keeps the bias of the past.

    References
    ----------
    .. [1] Ashudeep Singh, Thorsten Joachims. "Fairness of Exposure in Rankings". KDD 2018.

    Examples
    --------
    >>> from sklearn_llmtokens.recommend import exposure_report
    >>> lists = [["a", "b"], ["a", "c"], ["b", "a"], ["a", "b"]]
    >>> groups = ["large", "large", "small", "small"]
    >>> report = exposure_report(lists, ["a", "b", "c", "d"], groups, clicks=["a", "d"], position_weights="log")
    >>> print(report)
    group  n_items  catalog_share  exposure_share  against_catalog  click_share  against_clicks  coverage   gini
    large        2          0.500           0.903            1.807        0.500           1.807     1.000  0.116
    small        2          0.500           0.097            0.193        0.500           0.193     0.500  0.500
    coverage 0.750, gini 0.480, disparity 0.403
    """
    index = item_index(items)
    names, of_item = _groups(groups, len(index))
    codes, _ = encode_lists(recommended, index, k)
    exposure = exposures(codes, len(index), position_weights)
    if not exposure.any():
        raise ValueError("Nothing was recommended: exposure has no distribution.")
    n_items = np.bincount(of_item, minlength=len(names))
    return ExposureReport(
        groups=names,
        n_items=n_items,
        catalog_share=n_items / len(index),
        exposure_share=np.bincount(of_item, weights=exposure, minlength=len(names)) / exposure.sum(),
        click_share=None if clicks is None else _click_share(clicks, index, of_item, len(names)),
        coverage=np.bincount(of_item, weights=exposure > 0, minlength=len(names)) / n_items,
        gini=np.array([gini(exposure[of_item == group]) for group in range(len(names))]),
        overall_coverage=float((exposure > 0).mean()),
        overall_gini=gini(exposure),
    )


def _groups(groups, n_items: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the names of the groups and the number of each item's group."""
    given, groups = groups, np.asarray(groups)
    if groups.shape != (n_items,):
        raise ValueError(f"groups has the shape {groups.shape} for {n_items} items: one group for each item is needed.")
    remedy = "give the items without a group a name of their own."
    refuse_missing(read_column(given, "groups"), "groups", remedy)
    if groups.dtype.kind == "O":
        groups = groups.astype(str)
    return np.unique(groups, return_inverse=True)


def _click_share(clicks, index: dict, of_item: np.ndarray, n_groups: int) -> np.ndarray:
    clicks = read_list(clicks, "clicks")
    if not clicks:
        raise ValueError("clicks is empty: pass at least one click, or None.")
    unknown = next((i for i, item in enumerate(clicks) if item not in index), None)
    if unknown is not None:
        raise ValueError(f"clicks[{unknown}] is {shorten(clicks[unknown])}, which is not an item of the catalogue.")
    return np.bincount(of_item[[index[item] for item in clicks]], minlength=n_groups) / len(clicks)


def _shown(value) -> str:
    return f"{value:.3f}" if isinstance(value, float | np.floating) else str(value)

"""A number, a date or a category as features for a linear model: what is fitted, and what is computed from it.

Fitted are plain values and estimators of scikit-learn, so that pickles name no file of this package.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.preprocessing import OneHotEncoder, SplineTransformer

_N_KNOTS = 8
_SQUASH = 3.0  # interquartile ranges from the median, from which on a value is drawn in
_RARE = 2  # categories of fewer rows are one
_MOST_CATEGORIES = 100

Fitted = dict[str, Any]


def fit_numbers(values: np.ndarray) -> Fitted:
    """Fit numbers (n_rows,), of which one at least is not NaN."""
    known = values[~np.isnan(values)]
    low, middle, high = np.quantile(known, [0.25, 0.5, 0.75])
    distinct = np.unique(known)
    if len(distinct) > _N_KNOTS:
        distinct = np.unique(np.quantile(known, np.linspace(0, 1, _N_KNOTS)))
    knots = distinct[:, np.newaxis]
    splines = None
    if len(knots) > 1:
        splines = SplineTransformer(degree=1, knots=knots, extrapolation="constant")
        splines.set_output(transform="default").fit(knots)
    fitted = {"center": middle, "scale": (high - low) or np.std(known) or 1.0, "splines": splines}
    names = ["value", *(f"spline{i}" for i in range(len(knots) if splines else 0))]
    has_missing = len(known) < len(values)
    fitted |= {"has_missing": has_missing, "names": [*names, *(["missing"] if has_missing else [])]}
    return fitted | {"means": _of_known_numbers(fitted, known).mean(0)}


def numbers_as_features(fitted: Fitted, values: np.ndarray) -> np.ndarray:
    """Return features (n_rows, n_features) of numbers (n_rows,); missing ones have the features of the mean."""
    is_missing = np.isnan(values)
    found = _of_known_numbers(fitted, np.where(is_missing, fitted["center"], values))
    found[is_missing] = fitted["means"]
    return np.c_[found, is_missing] if fitted["has_missing"] else found


def _of_known_numbers(fitted: Fitted, values: np.ndarray) -> np.ndarray:
    scaled = (values - fitted["center"]) / fitted["scale"]
    squashed = scaled / np.sqrt(1 + np.square(scaled / _SQUASH))
    splines = fitted["splines"]
    return np.column_stack([squashed, *([] if splines is None else [splines.transform(values[:, np.newaxis])])])


def fit_dates(values: np.ndarray) -> Fitted:
    """Fit dates (n_rows,), of which one at least is not NaT."""
    time = fit_numbers(_seconds(values))
    return {"time": time, "names": [*time["names"], *_CYCLE_NAMES, "weekend"]}


def dates_as_features(fitted: Fitted, values: np.ndarray) -> np.ndarray:
    """Return features (n_rows, n_features) of dates (n_rows,): of the time, and points on circles of the calendar."""
    angles = [2 * np.pi * share(values) for share in _CYCLES.values()]
    weekend = np.where(np.isnat(values), np.nan, _weekday(values) >= 5)
    calendar = np.column_stack([*(side(angle) for angle in angles for side in (np.sin, np.cos)), weekend])
    return np.c_[numbers_as_features(fitted["time"], _seconds(values)), calendar]


def fit_categories(values: np.ndarray) -> Fitted:
    """Fit strings (n_rows,), among which None is a category."""
    encoder = OneHotEncoder(
        min_frequency=min(_RARE, len(values)),
        max_categories=_MOST_CATEGORIES,
        handle_unknown="infrequent_if_exist",
        sparse_output=False,
    ).set_output(transform="default")
    encoder.fit(values[:, np.newaxis])
    return {"encoder": encoder, "names": [name.removeprefix("x0_") for name in encoder.get_feature_names_out()]}


def categories_as_features(fitted: Fitted, values: np.ndarray) -> np.ndarray:
    """Return indicators (n_rows, n_features) of strings (n_rows,); rare and new ones are one category."""
    return fitted["encoder"].transform(values[:, np.newaxis])


def _seconds(values: np.ndarray) -> np.ndarray:
    return np.where(np.isnat(values), np.nan, values.astype("datetime64[s]").astype(np.float64))


def _weekday(values: np.ndarray) -> np.ndarray:
    return (values.astype("datetime64[D]").astype(np.int64) + 3) % 7  # 1 January 1970 was a Thursday


def _share_of(unit: str, days: float) -> Callable[[np.ndarray], np.ndarray]:
    """Return the function that computes how far into its year, month or day a date is; NaN of NaT."""

    def share(values: np.ndarray) -> np.ndarray:
        return _seconds(values) / 86400 / days - _seconds(values.astype(f"datetime64[{unit}]")) / 86400 / days

    return share


_CYCLES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "year": _share_of("Y", 365.25),
    "month": _share_of("M", 31),
    "week": lambda values: np.where(np.isnat(values), np.nan, _weekday(values) / 7),
    "day": _share_of("D", 1),
}
_CYCLE_NAMES = [f"{cycle}_{side}" for cycle in _CYCLES for side in ("sin", "cos")]

ENCODERS: dict[str, tuple[Callable, Callable]] = {
    "number": (fit_numbers, numbers_as_features),
    "date": (fit_dates, dates_as_features),
    "category": (fit_categories, categories_as_features),
}
"""By kind of column: what fits, and what computes features, in which NaN stands for the mean."""

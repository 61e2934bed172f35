#!/usr/bin/env bash
# scikit-learn: one None among the numbers to learn (polars' Series.to_list() and cells of JSON have None) makes every
# prediction of RandomForestRegressor, ExtraTreesRegressor and HistGradientBoostingRegressor NaN, without an error. Ridge and
# LinearRegression raise, and so do all of them for NaN in the same place: the check of finite targets looks for NaN among
# objects before they become float64, where None becomes NaN.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check scikit-learn==1.9.1 polars==2.1.0
"$folder/venv/bin/python" - <<'PY'
import numpy as np
import polars as pl
import sklearn
from sklearn.ensemble import ExtraTreesRegressor, HistGradientBoostingRegressor, RandomForestRegressor
from sklearn.linear_model import LinearRegression, Ridge

print("scikit-learn", sklearn.__version__, "| polars", pl.__version__)
X = np.arange(20.0).reshape(-1, 1)
ratings = pl.Series([5.0, None, *[4.0, 1.0] * 9])
outcomes = {}
for model in (
    RandomForestRegressor(n_estimators=5, bootstrap=False, random_state=0),
    ExtraTreesRegressor(n_estimators=5, random_state=0),
    HistGradientBoostingRegressor(random_state=0),
    Ridge(),
    LinearRegression(),
):
    for name, y in {"list with None": ratings.to_list(), "polars Series": ratings}.items():
        try:
            predicted = model.fit(X, y).predict(X)
            outcome = f"{np.isnan(predicted).sum()} of {len(predicted)} predictions are NaN"
        except ValueError as error:
            outcome = f"ValueError: {str(error).splitlines()[0]}"
        outcomes[type(model).__name__, name] = outcome
        print(f"{type(model).__name__:30} {name:15} {outcome}")

for name in ("RandomForestRegressor", "ExtraTreesRegressor", "HistGradientBoostingRegressor"):
    assert outcomes[name, "list with None"] == "20 of 20 predictions are NaN"
    assert outcomes[name, "polars Series"].startswith("ValueError")
for name in ("Ridge", "LinearRegression"):
    assert outcomes[name, "list with None"].startswith("ValueError")
PY

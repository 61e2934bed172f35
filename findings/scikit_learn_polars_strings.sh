#!/usr/bin/env bash
# scikit-learn: dtype="numeric", the default of check_array and validate_data, refuses a column of strings in a list, an
# array or a pandas frame, and lets it pass as an array of objects in a polars frame and in a pyarrow table.
# ClassifierChain therefore takes a polars frame of texts, and appends its labels to them: integers in fit, floats in
# predict, so that a step which reads its columns as text learns "0" and is asked about "0.0".
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    scikit-learn==1.9.1 polars==2.1.0 pandas==3.1.1 pyarrow==26.0.1
"$folder/venv/bin/python" - <<'PY'
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import sklearn
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.multioutput import ClassifierChain
from sklearn.utils import check_array

print("scikit-learn", sklearn.__version__, "| polars", pl.__version__, "| pandas", pd.__version__, "| pyarrow", pa.__version__)

texts = ["good", "bad"]
outcomes = {}
for name, X in {
    "list": [[text] for text in texts],
    "numpy": np.array(texts, dtype=object).reshape(-1, 1),
    "pandas": pd.DataFrame({"text": texts}),
    "polars": pl.DataFrame({"text": texts}),
    "pyarrow": pa.table({"text": texts}),
}.items():
    try:
        outcomes[name] = f"array of {check_array(X).dtype}"
    except ValueError as error:
        outcomes[name] = "ValueError"
    print(f"check_array of a column of strings, {name:8}: {outcomes[name]}")


class Recorder(ClassifierMixin, BaseEstimator):
    """Remembers the first row of the tables that it is given."""

    seen = []

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        self.seen.append(("fit", list(X[0])))
        return self

    def predict(self, X):
        self.seen.append(("predict", list(X[0])))
        return np.full(len(X), self.classes_[0])


chain = ClassifierChain(Recorder(), chain_method="predict").fit(pl.DataFrame({"text": texts}), np.array([[0, 1], [1, 0]]))
chain.predict(pl.DataFrame({"text": texts}))
rows = [(method, [str(value) for value in row]) for method, row in Recorder.seen if len(row) == 2]
for method, row in rows:
    print(f"second link of a ClassifierChain, {method}: columns read as text {row}")

assert outcomes["list"] == outcomes["numpy"] == outcomes["pandas"] == "ValueError"
assert outcomes["polars"] == outcomes["pyarrow"] == "array of object"
assert rows[0] == ("fit", ["good", "0"])
assert rows[1] == ("predict", ["good", "0.0"])
PY

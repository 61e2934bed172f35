#!/usr/bin/env bash
# scikit-learn: ledoit_wolf_shrinkage, documented to give the share of the identity in a covariance, gives a number below
# 0 for about a fifth of data sets with two distinct rows that are repeated (labels, or duplicates). shrunk_covariance
# refuses what it gives, and sqrt((1 - s) * eigenvalues + s * mean) is NaN, because the other eigenvalues are 0.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check scikit-learn==1.9.1 numpy==2.4.6 scipy
"$folder/venv/bin/python" - <<'PY'
import numpy as np
import sklearn
from sklearn.covariance import LedoitWolf, empirical_covariance, ledoit_wolf_shrinkage, shrunk_covariance

print("scikit-learn", sklearn.__version__, "| numpy", np.__version__)

below = []
for seed in range(300):
    rng = np.random.default_rng(seed)
    n_features, n_times = int(rng.integers(1, 40)), int(rng.integers(1, 12))
    X = np.tile(rng.normal(size=(2, n_features)), (n_times, 1))
    if (shrinkage := ledoit_wolf_shrinkage(X)) < 0:
        below.append((seed, X, shrinkage))
print(f"{len(below)} of 300 data sets of two distinct rows have a shrinkage below 0")
seed, X, shrinkage = below[0]
print(f"seed {seed}: ledoit_wolf_shrinkage {shrinkage}, LedoitWolf().fit(X).shrinkage_ {LedoitWolf().fit(X).shrinkage_}")
try:
    shrunk_covariance(empirical_covariance(X), shrinkage=shrinkage)
except ValueError as error:
    refused = str(error)
    print("shrunk_covariance:", refused)
assert len(below) > 10
assert "shrinkage" in refused
PY

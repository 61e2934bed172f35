#!/usr/bin/env bash
# scikit-learn 1.9: PCA of float32, as vectors of language models are, is wrong without a warning where the means of the
# columns are large beside what varies about them, and whether it is depends on the number of rows. From ten rows for
# each column on, the default solver is "covariance_eigh", which subtracts the products of the means from X'X in float32.
# With 2,000 rows of mean 10 and standard deviation up to 0.05, the first variance is about twice as large as it is, the
# smallest are 0, and whiten=True, "unit component-wise variances", returns columns with standard deviations of
# thousands and more. With 600 of these rows, and with float64, all is right. Exits with an error if the behaviour changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    scikit-learn==1.9.1 numpy==2.4.6 scipy==1.17.1 2>/dev/null
cat > "$folder/pca.py" <<'PYTHON'
from importlib.metadata import version

import numpy as np
from sklearn.decomposition import PCA

rng = np.random.default_rng(0)
X = 10 + 0.05 * rng.standard_normal((2000, 64)) * np.linspace(1, 0.05, 64)
print(f"scikit-learn {version('scikit-learn')}, 64 columns of mean 10")
for rows, dtype in ((2000, np.float32), (600, np.float32), (2000, np.float64)):
    pca = PCA(whiten=True).fit(X[:rows].astype(dtype))
    exact = PCA(svd_solver="full").fit(X[:rows])
    spread = pca.transform(X[:rows].astype(dtype)).std(axis=0, ddof=1)
    first = pca.explained_variance_[0] / exact.explained_variance_[0]
    print(
        f"{rows} rows of {np.dtype(dtype).name}: solver {pca._fit_svd_solver}, first variance {first:.2f} times the true one, "
        f"{int((pca.explained_variance_ == 0).sum())} of 64 variances are 0, "
        f"standard deviations of whitened columns {spread.min():.3g} to {spread.max():.3g}"
    )
    if (rows, dtype) == (2000, np.float32):
        assert pca._fit_svd_solver == "covariance_eigh"
        assert abs(first - 1) > 0.2, first
        assert spread.max() > 1000, spread.max()
    else:
        assert abs(first - 1) < 1e-3, first
        assert np.allclose(spread, 1, atol=1e-2), (spread.min(), spread.max())
PYTHON
OPENBLAS_NUM_THREADS=1 "$folder/venv/bin/python" "$folder/pca.py"

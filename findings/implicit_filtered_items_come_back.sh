#!/usr/bin/env bash
# implicit 0.7.3: recommend(filter_already_liked_items=True), the default, returns items that the user has liked already as
# soon as fewer than N other items are left. AlternatingLeastSquares puts them last, with a score of -3.4e38. The item-item
# models (cosine, TF-IDF, BM25) return them with a score of 0, and leave out the items that are not liked and have no
# neighbour in the history, so that nothing but the ids of the history tells one from the other. Whoever counts the
# catalogue's coverage by these lists, or merges them with those of another model by rank, counts what was filtered.
# Exits with an error if the behaviour changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    implicit==0.7.3 numpy==2.4.6 scipy==1.17.1 2>/dev/null
cat > "$folder/liked.py" <<'PYTHON'
from importlib.metadata import version

import numpy as np
import scipy.sparse as sp
from implicit.als import AlternatingLeastSquares
from implicit.nearest_neighbours import BM25Recommender, CosineRecommender, TFIDFRecommender

# Five items; the first user has liked 0, 1 and 2, nobody has liked 3 together with one of them, and nobody has liked 4.
clicks = sp.csr_matrix(np.array([[1, 1, 1, 0, 0], [1, 1, 0, 0, 0], [0, 1, 1, 0, 0], [0, 0, 0, 1, 0]], dtype=np.float32))
liked = {0, 1, 2}
print(f"implicit {version('implicit')}, liked already: {sorted(liked)}")
for model in (CosineRecommender(), TFIDFRecommender(), BM25Recommender(), AlternatingLeastSquares(2, random_state=0)):
    model.fit(clicks, show_progress=False)
    items, scores = model.recommend(0, clicks[0], N=5, filter_already_liked_items=True)
    print(f"{type(model).__name__}: items {items.tolist()}, scores {[f'{score:.3g}' for score in scores]}")
    assert liked <= set(items.tolist()), items
    if hasattr(model, "item_factors"):
        filtered = np.isin(items, sorted(liked))
        assert set(scores[filtered].tolist()) == {float(np.finfo(np.float32).min)}, scores
        assert set(items.tolist()) == {0, 1, 2, 3, 4}, items
    else:
        assert set(items.tolist()) == liked, items
        assert set(scores.tolist()) == {0.0}, scores
PYTHON
OPENBLAS_NUM_THREADS=1 PYTHONWARNINGS=ignore "$folder/venv/bin/python" "$folder/liked.py"

#!/usr/bin/env bash
# NDCG@10 of one list whose second item is the one relevant item: 1 / log2(2 + 1) = 0.631 by Jarvelin and Kekalainen (as
# ranx and trec_eval compute it). RecTools 0.19.0 divides by the gain of ten relevant items unless
# divide_by_achievable=True, and gives 0.139. LensKit 2025.8.1 does not discount the second place, and gives 1.0, as if
# the item were first. Exits with an error if the behaviour changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    rectools==0.19.0 lenskit==2025.8.1 pyarrow==20.0.0 2>/dev/null
cat > "$folder/ndcg.py" <<'PYTHON'
from importlib.metadata import version
from math import isclose, log2

import lenskit.metrics
import pandas as pd
import rectools.metrics
from lenskit.data import ItemList

reco = pd.DataFrame({"user_id": [1, 1], "item_id": ["a", "b"], "rank": [1, 2]})
true = pd.DataFrame({"user_id": [1], "item_id": ["b"]})
default = rectools.metrics.NDCG(10).calc(reco, true)
achievable = rectools.metrics.NDCG(10, divide_by_achievable=True).calc(reco, true)
lenskit_ndcg = lenskit.metrics.NDCG(10).measure_list(ItemList(["a", "b"], ordered=True), ItemList(["b"]))
print(f"by the definition: {1 / log2(3):.3f}")
print(f"RecTools {version('rectools')}: {default:.3f}, with divide_by_achievable=True {achievable:.3f}")
print(f"LensKit {version('lenskit')}: {lenskit_ndcg:.3f}")
assert isclose(achievable, 1 / log2(3)), achievable
assert isclose(default, 1 / log2(3) / sum(1 / log2(rank + 1) for rank in range(1, 11))), default
assert isclose(lenskit_ndcg, 1.0), lenskit_ndcg
PYTHON
PYTHONWARNINGS=ignore "$folder/venv/bin/python" "$folder/ndcg.py"

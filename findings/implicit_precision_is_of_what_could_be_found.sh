#!/usr/bin/env bash
# implicit 0.7.3: what implicit.evaluation calls precision at 10 divides neither by 10 nor user by user. It is the number of
# hits of all users divided by the sum of min(10, liked items of the user). A list of ten items, one of them right, for a
# user who likes nothing else has 1.0 where precision at 10 is 0.1 (as in scikit-learn's terms, trec_eval and ranx). MAP,
# NDCG and AUC of the same call are means over users, so that users with many likes count more in one number of the table
# than in its neighbours. Exits with an error if the behaviour changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    implicit==0.7.3 numpy==2.4.6 scipy==1.17.1 ranx==0.3.21 2>/dev/null
cat > "$folder/precision.py" <<'PYTHON'
from importlib.metadata import version

import numpy as np
import scipy.sparse as sp
from implicit.evaluation import ranking_metrics_at_k
from ranx import Qrels, Run, evaluate


class TheFirstTen:
    """Recommends items 0 to 9 to everybody, in this order."""

    def recommend(self, userid, user_items, N=10, **kwargs):
        items = np.tile(np.arange(N, dtype=np.int32), (len(userid), 1))
        return items, -items.astype(np.float32)


def precisions(liked):
    clicks = sp.csr_matrix((len(liked), 50), dtype=np.float32)
    held_out = sp.lil_matrix((len(liked), 50), dtype=np.float32)
    for user, items in enumerate(liked):
        held_out[user, items] = 1
    held_out = held_out.tocsr()
    found = ranking_metrics_at_k(TheFirstTen(), clicks, held_out, K=10, show_progress=False)
    qrels = Qrels({str(user): {str(item): 1 for item in items} for user, items in enumerate(liked)})
    run = Run({str(user): {str(item): 10.0 - item for item in range(10)} for user in range(len(liked))})
    return float(found["precision"]), float(found["map"]), float(evaluate(qrels, run, "precision@10"))


print(f"implicit {version('implicit')}, ranx {version('ranx')}: precision, MAP of implicit; precision@10 of ranx")
for liked in ([[0]], [[0], [0, 40, 41]], [[0], list(range(20))]):
    print(f"users like {liked}:", *(f"{number:.3f}" for number in precisions(liked)))
np.testing.assert_allclose(precisions([[0]])[::2], [1.0, 0.1])
np.testing.assert_allclose(precisions([[0], [0, 40, 41]])[::2], [2 / 4, 0.1])
np.testing.assert_allclose(precisions([[0], list(range(20))])[::2], [11 / 11, 0.55])
PYTHON
OPENBLAS_NUM_THREADS=1 PYTHONWARNINGS=ignore "$folder/venv/bin/python" "$folder/precision.py"

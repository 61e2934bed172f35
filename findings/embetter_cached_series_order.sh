#!/usr/bin/env bash
# embetter 0.9.1: an encoder wrapped in embetter.utils.cached returns rows in another order for a pandas Series whose index
# is not 0, 1, 2, ..., as after a shuffle or train_test_split. Texts that are not cached yet are looked up by label, and
# their vectors are put by position: the first call has the rows of the sorted index, and the second call, which reads
# the cache, has the right ones. No warning; with a list or an array both calls are right.
# Exits with an error if the behaviour changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    embetter==0.9.1 diskcache==5.6.3 pandas==3.0.6 scikit-learn==1.9.0 numpy==2.4.6 2>/dev/null
cat > "$folder/order.py" <<'PYTHON'
import sys
from importlib.metadata import version

import numpy as np
import pandas as pd
from embetter.base import EmbetterBase
from embetter.utils import cached


class Length(EmbetterBase):
    """Return the length of each text, in place of a model's vector."""

    def transform(self, X, y=None):
        return np.array([[len(text)] for text in X])


texts = pd.Series(["a", "bb", "ccc", "dddd"]).sample(frac=1, random_state=0)
lengths = [len(text) for text in texts]
print(f"embetter {version('embetter')}, pandas {version('pandas')}: {texts.tolist()}, index {texts.index.tolist()}")
encoder = cached(f"{sys.argv[1]}/series", Length())
first, second = (encoder.transform(texts)[:, 0].tolist() for _ in range(2))
of_list = cached(f"{sys.argv[1]}/list", Length()).transform(texts.tolist())[:, 0].tolist()
print(f"first call {first}, second call {second}, of a list {of_list}, right {lengths}")
assert first == sorted(lengths) != lengths, first
assert second == of_list == lengths, (second, of_list)
PYTHON
PYTHONWARNINGS=ignore "$folder/venv/bin/python" "$folder/order.py" "$folder"

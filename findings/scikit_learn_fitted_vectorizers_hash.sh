#!/usr/bin/env bash
# scikit-learn 1.9: equal fitted vectorizers have different hashes. `fit` of CountVectorizer, TfidfVectorizer and
# HashingVectorizer keeps `id(stop_words)`, an address in memory, in the instance. So the same pipeline, fitted on the
# same texts by another process, or with another list of the same words, is another value to `joblib.hash` and to
# `joblib.Memory`, which computes again what it has, without a word. Exits with an error if the behaviour changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check scikit-learn==1.9.1 joblib==1.6.0 2>/dev/null
cat > "$folder/hash.py" <<'PYTHON'
import sys

import joblib
import sklearn
from sklearn.feature_extraction.text import CountVectorizer, HashingVectorizer, TfidfVectorizer

texts = ["the cat sat", "the dog ran"]
print("scikit-learn", sklearn.__version__, "joblib", joblib.__version__)
n_calls = 0


def n_columns(vectorizer):
    global n_calls
    n_calls += 1
    return vectorizer.transform(texts).shape[1]


cached = joblib.Memory(sys.argv[1], verbose=0).cache(n_columns)
for cls in (CountVectorizer, TfidfVectorizer, HashingVectorizer):
    one, two = cls(stop_words=["the"]), cls(stop_words=["the"])
    assert joblib.hash(one) == joblib.hash(two)
    one.fit(texts), two.fit(texts)
    assert (one.transform(texts) != two.transform(texts)).nnz == 0
    differ = sorted(name for name in vars(one) if joblib.hash(vars(one)[name]) != joblib.hash(vars(two)[name]))
    n_calls = 0
    cached(one), cached(two)
    print(f"{cls.__name__}: equal hashes unfitted True, fitted {joblib.hash(one) == joblib.hash(two)}; "
          f"attributes that differ: {differ}; calls of a cached function for the two: {n_calls}")
    assert joblib.hash(one) != joblib.hash(two)
    assert differ == ["_stop_words_id"], differ
    assert n_calls == 2
PYTHON
"$folder/venv/bin/python" "$folder/hash.py" "$folder/cache"

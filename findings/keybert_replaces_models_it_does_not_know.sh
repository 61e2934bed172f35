#!/usr/bin/env bash
# KeyBERT(model) takes any object. What it does not know, such as a scikit-learn pipeline that embeds texts, is replaced by
# paraphrase-multilingual-MiniLM-L12-v2 without a warning: the model is downloaded, and keywords are those of other
# vectors than the caller's. BERTopic of the same author reads the same pipeline, and replaces a bare transformer by
# all-MiniLM-L6-v2, without a warning too. Nothing is downloaded here: what would be loaded is recorded.
# Exits with an error if one of them uses what was passed, refuses it or warns.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check keybert==0.9.0 bertopic==0.17.4 \
    sentence-transformers==6.2.0 scikit-learn==1.9.1 torch==2.13.0
cat > "$folder/models.py" <<'PYTHON'
import warnings
from importlib.metadata import version

for name in ("keybert", "bertopic", "sentence-transformers", "scikit-learn"):
    print(name, version(name))

import sentence_transformers
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.pipeline import make_pipeline

loaded = []


class Recorder(sentence_transformers.SentenceTransformer):
    def __init__(self, name, *args, **kwargs):
        loaded.append(name)


sentence_transformers.SentenceTransformer = Recorder  # before the packages import it
from bertopic.backend._utils import select_backend as of_bertopic
from keybert.backend._utils import select_backend as of_keybert

pipeline = make_pipeline(TfidfVectorizer(), TruncatedSVD(2))
found = {}
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    for package, select in (("KeyBERT", of_keybert), ("BERTopic", of_bertopic)):
        for what, model in (("pipeline", pipeline), ("transformer", pipeline[0])):
            loaded.clear()
            backend = type(select(model)).__name__
            found[package, what] = loaded[0] if loaded else None
            print(f"{package}, {what}: {backend}", f"of {loaded[0]}" if loaded else "of what was passed")
messages = [str(warning.message) for warning in caught if "MiniLM" in str(warning.message)]
assert found["KeyBERT", "pipeline"] == found["KeyBERT", "transformer"] == "paraphrase-multilingual-MiniLM-L12-v2", found
assert found["BERTopic", "pipeline"] is None, found
assert "MiniLM" in found["BERTopic", "transformer"], found
assert not messages, messages
print("no warning names the replacement")
PYTHON
HF_HUB_OFFLINE=1 "$folder/venv/bin/python" -W ignore::DeprecationWarning "$folder/models.py"

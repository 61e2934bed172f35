#!/usr/bin/env bash
# ir-measures 0.4.3: nDCG@k and RR@k of one call see equal scores in opposite orders. nDCG comes from pytrec_eval, which
# puts the larger document id first, and RR@k from the MS MARCO script, which puts the smaller one first. With three
# equal scores the one relevant document is third for nDCG and first for RR. Exits with an error if the behaviour changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check ir-measures==0.4.3 pytrec-eval-terrier==0.5.11 2>/dev/null
cat > "$folder/ties.py" <<'PYTHON'
from importlib.metadata import version
from math import isclose

import ir_measures
from ir_measures import RR, nDCG

qrels = {"q": {"a": 1}}
run = {"q": {"a": 1.0, "b": 1.0, "c": 1.0}}
found = ir_measures.calc_aggregate([nDCG @ 3, RR @ 3], qrels, run)
print("ir-measures", version("ir-measures"), "and pytrec-eval-terrier", version("pytrec-eval-terrier"))
print("nDCG@3:", found[nDCG @ 3], "- the document in place 3, 1 / log2(3 + 1)")
print("RR@3:  ", found[RR @ 3], "- the same document in place 1")
assert isclose(found[nDCG @ 3], 0.5), found
assert isclose(found[RR @ 3], 1.0), found
PYTHON
PYTHONWARNINGS=ignore "$folder/venv/bin/python" "$folder/ties.py"

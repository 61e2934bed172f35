#!/usr/bin/env bash
# snowballstemmer 3.1.1 gives other stems, in silence, as soon as PyStemmer is installed beside it: its `stemmer` and
# `algorithms` are then PyStemmer's, of whatever version. Under the same name "english" the algorithm differs between
# 2.2, 3.0 and 3.1, so a vocabulary that was saved with one does not match the words of another. PyStemmer 3.0.0 also
# says of itself that it is version 2.0.1. Exits with an error if the behaviour changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
pip() { "$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check "$@" 2>/dev/null; }

pip snowballstemmer==3.1.1
cat > "$folder/stems.py" <<'PYTHON'
import sys

import snowballstemmer

words = ["organization", "evening", "university", "international"]
stems = [snowballstemmer.stemmer("english").stemWord(word) for word in words]
print(f"{sys.argv[1]:40}", *stems)
sys.exit(stems != sys.argv[2].split())
PYTHON
run() { "$folder/venv/bin/python" "$folder/stems.py" "$@"; }

run "snowballstemmer 3.1.1 alone" "organiz evening universiti internat"
pip PyStemmer==2.2.0.3
run "snowballstemmer 3.1.1, PyStemmer 2.2.0.3" "organ even univers intern"
pip PyStemmer==3.0.0
run "snowballstemmer 3.1.1, PyStemmer 3.0.0" "organiz evening universiti intern"
"$folder/venv/bin/python" -c 'import Stemmer; print("PyStemmer 3.0.0 calls itself", Stemmer.version()); assert Stemmer.version() == "2.0.1"'

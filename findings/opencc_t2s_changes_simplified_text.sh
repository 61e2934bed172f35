#!/usr/bin/env bash
# OpenCC 1.4.2 and opencc-python-reimplemented 0.1.7: "t2s" changes text that is simplified already. 说明覆盖范围 (it says
# what is covered) becomes 说明复盖范围: the phrase 明覆 -> 明复 of the tables is matched across the border of the words
# 说明 and 覆盖. What is said twice, 双重覆盖, becomes 双重复盖. Exits with an error if the behaviour changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cat > "$folder/convert.py" <<'PYTHON'
import sys
from importlib.metadata import version

import opencc

convert = opencc.OpenCC("t2s").convert
expected = {"说明覆盖范围": "说明复盖范围", "双重覆盖": "双重复盖", "全面覆盖": "全面覆盖"}
found = {text: convert(text) for text in expected}
print(sys.argv[1], version(sys.argv[1]), *(f"{text} -> {new}" for text, new in found.items()), sep="\n  ")
assert found == expected, found
PYTHON
for package in OpenCC==1.4.2 opencc-python-reimplemented==0.1.7; do
    python3 -m venv "$folder/$package"
    "$folder/$package/bin/python" -m pip install --quiet --disable-pip-version-check "$package" 'setuptools<80' 2>/dev/null
    PYTHONWARNINGS=ignore "$folder/$package/bin/python" "$folder/convert.py" "${package%%==*}"
done

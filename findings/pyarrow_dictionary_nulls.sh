#!/usr/bin/env bash
# numpy.asarray of a dictionary-encoded pyarrow.ChunkedArray gives the last category where the column is null.
#
# The same column as one pyarrow.Array gives None there, and so does to_pylist() of both. Categorical columns of Parquet
# files and of pandas arrive as ChunkedArrays, so that a table's column loses its nulls in numpy without a word.
# Exits with 0 as long as it does so.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet "pyarrow==26.0.1" "numpy==2.4.6"
"$folder/venv/bin/python" - <<'PYTHON'
import numpy as np
import pyarrow as pa

print("pyarrow", pa.__version__, "numpy", np.__version__)
array = pa.array(["tea", None, "pot"]).dictionary_encode()
column = pa.table({"item": array})["item"]  # a ChunkedArray, as every column of a table is
found = {
    "Array.to_pylist()": array.to_pylist(),
    "ChunkedArray.to_pylist()": column.to_pylist(),
    "np.asarray(Array)": np.asarray(array).tolist(),
    "np.asarray(ChunkedArray)": np.asarray(column).tolist(),
    "ChunkedArray.to_numpy()": column.to_numpy().tolist(),
}
for name, values in found.items():
    print(f"{name:26} {values}")
assert found["ChunkedArray.to_pylist()"] == found["np.asarray(Array)"] == ["tea", None, "pot"]
assert found["np.asarray(ChunkedArray)"] == found["ChunkedArray.to_numpy()"] == ["tea", "pot", "pot"], "it changed"
PYTHON

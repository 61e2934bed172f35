#!/usr/bin/env bash
# pyarrow.json: whether a string of JSON stays a string depends on the other rows. Where every value of a field looks like
# a date, the column becomes timestamp[s]: what was written is lost, the time zone with it. One other string in the file
# keeps all of them as they are. So one column has two types in two files of the same source, and a text that is a date
# is no text. An explicit schema keeps what was written.
# Exits with an error if that changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check "pyarrow==26.0.1"
"$folder/venv/bin/python" - <<'PYTHON'
import io

import pyarrow as pa
from pyarrow import json


def read(*texts, **options):
    lines = "".join(f'{{"text": "{text}"}}\n' for text in texts)
    column = json.read_json(io.BytesIO(lines.encode()), **options).column("text")
    print(f"{texts} -> {column.type}: {[str(value) for value in column]}")
    return str(column.type), [str(value) for value in column]


print("pyarrow", pa.__version__)
assert read("2024-01-01", "2024-02-01")[0] == "timestamp[s]"
assert read("2024-01-01", "no date") == ("string", ["2024-01-01", "no date"])
assert read("2024-01-01T00:00:00+02:00") == ("timestamp[s]", ["2023-12-31 22:00:00"])
schema = json.ParseOptions(explicit_schema=pa.schema([("text", pa.string())]))
assert read("2024-01-01", parse_options=schema) == ("string", ["2024-01-01"])
print("strings that look like dates are read as times, unless a schema says otherwise")
PYTHON

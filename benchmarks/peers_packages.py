"""The packages of `peers.py`, in environments of their own, since they need other versions of NumPy and pandas.

    python3.11 -m venv TEXT && TEXT/bin/pip install skrub==0.11.0 "embetter[text]==0.9.1" \
        "model2vec[distill]==0.10.0" sentence-transformers==6.2.0
    python3.13 -m venv RANKING && RANKING/bin/pip install implicit==0.7.3 lenskit==2026.4.0
    python3.13 -m venv RECTOOLS && RECTOOLS/bin/pip install rectools==0.19.0

RecTools stands apart because it brings a fork of implicit under the same name, and with Python 3.13 because it takes
NumPy 2 only there. `peers.py` runs `TEXT/bin/python peers_packages.py text FOLDER`, and so on. The folder has the data
as JSON; one JSON file per method comes back, and one with what its settings reached on the validation part. Names of
methods behind FOLDER run these alone.
"""

import importlib
import json
import platform
import sys
from importlib.metadata import version
from pathlib import Path

import numpy as np

SIDES = {
    "text": ("peers_texts", "text"),
    "ranking": ("peers_rankings", "ranking"),
    "rectools": ("peers_rectools", "ranking"),
}


def main() -> None:
    side, folder, names = sys.argv[1], Path(sys.argv[2]), sys.argv[3:]
    module, kind = SIDES[side]
    data = json.loads((folder / f"{kind}.json").read_text(encoding="utf-8"))
    for name, (package, method) in importlib.import_module(module).methods(data, folder).items():
        path = folder / f"{kind} - {name}.found.json"
        if path.exists() or (names and name not in names):
            continue
        row = method(Choice(folder / f"{kind} - {name}.tried.json"))
        row |= {
            "version": f"{package} {version(package)}",
            "python": platform.python_version(),
            "numpy": np.__version__,
        }
        print({key: value for key, value in row.items() if key != "lists"}, flush=True)
        path.write_text(json.dumps(row), encoding="utf-8")


class Choice:
    """What settings reached on the validation part, kept in a file so that a stopped run goes on."""

    def __init__(self, path: Path):
        self.path = path
        self.tried = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}

    def best(self, settings: dict, score) -> str:
        """Return the name of the setting with the highest score; the first of several."""
        for name, setting in settings.items():
            if name not in self.tried:
                self.tried[name] = float(score(setting))
                self.path.write_text(json.dumps(self.tried), encoding="utf-8")
                print(name, self.tried[name], flush=True)
        return max(settings, key=lambda name: self.tried[name])


if __name__ == "__main__":
    main()

"""The figures that "Time to Split" (arXiv 2507.16289) published, read from the files of its repository.

    git clone https://github.com/monkey0head/time-to-split
    python benchmarks/published.py time-to-split --write    # benchmarks/results, and the page

A folder has a table of the test and one of the validation figures of each point of a grid, some hundred. Of each
folder two points are read: the best by NDCG@10 in validation, and the best by HR@10. No test figure chooses.
"""

import argparse
import io
import subprocess

import pandas as pd
from tables import save

RESULTS = "data/results"
BY_TIME = "global_timesplit/val_by_user/{data}/q09/{model}/final_results"
BY_USER = "leave-one-out/{data}/{model}/final_results"
FILES = {"last": "test_last", "successive": "test_successive_global", "first": "test_first"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("repository", help="a clone of monkey0head/time-to-split")
    parser.add_argument("--write", action="store_true", help="save the figures, and fill the page")
    options = parser.parse_args()
    rows = []
    for data in ("Beauty", "Movielens-1m"):
        for model in ("SASRec", "GRU4Rec", "BERT4Rec"):
            for folder, validation, files in (
                (BY_TIME, "val_last", FILES),
                (BY_USER, "val", {"leave one out": "test"}),
            ):
                place = folder.format(data=data, model=model)
                best = read(options.repository, f"{place}/{validation}.csv")
                tests = {kind: read(options.repository, f"{place}/{name}.csv") for kind, name in files.items()}
                for measure in ("NDCG@10", "HR@10"):
                    scores = {
                        kind: {name: float(table.loc[best[measure].idxmax(), f"{name}@10"]) for name in ("HR", "NDCG")}
                        for kind, table in tests.items()
                    }
                    row = {"data": data, "model": model, "folder": place, "chosen_by": measure, "scores": scores}
                    rows.append(row | {"n_grid_points": len(best)})
                    print(row)
    if options.write:
        commit = git(options.repository, "rev-parse", "HEAD").strip()
        save("published", {"repository": "monkey0head/time-to-split", "commit": commit, "rows": rows})


def read(repository: str, path: str) -> pd.DataFrame:
    table = pd.read_csv(io.StringIO(git(repository, "show", f"HEAD:{RESULTS}/{path}")))
    return table.set_index("grid_point")


def git(repository: str, *arguments: str) -> str:
    return subprocess.run(["git", "-C", repository, *arguments], check=True, capture_output=True, text=True).stdout


if __name__ == "__main__":
    main()

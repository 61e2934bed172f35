"""Four pictures of recommenders on real data: hit rate over k, by history length and by item age, and coverage.

    python benchmarks/ranking_report.py --protocol ranking_protocol.py --data beauty movielens --cache FOLDER

Writes `results/ranking_report_DATA.png`, which the page of the ranking shows. Data, protocol and recommenders are those
of `ranking.py`; the queries are its "last" ones. The age of an item is the time since its first event in all events.
"""

import argparse
import os
from pathlib import Path

import ranking

from sklearn_llmtokens.plotting import RankingReportDisplay
from sklearn_llmtokens.recommend import Interactions

METHODS = ["text_recommender", "neighbours of sequences", "EASE", "TF-IDF of titles", "popularity of late"]
LENGTHS = {"movielens": (20, 50, 100, 200, 400)}  # where groups of histories begin; others as the display has them
RESULTS = Path(__file__).parent / "results"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--protocol", default=os.environ.get("SKLEARN_LLMTOKENS_PROTOCOL"), metavar="FILE")
    parser.add_argument("--data", nargs="+", choices=list(ranking.BY_TIME), default=["beauty", "movielens"])
    parser.add_argument("--queries", type=int, metavar="N", help="at most so many, drawn evenly")
    parser.add_argument("--cache", metavar="FOLDER", help="where vectors are kept")
    options = parser.parse_args()
    options.methods, options.splits = METHODS, ["time"]
    for name in options.data:
        data = ranking.read(name, options)
        if data is None:
            continue
        events = ranking.without_repeats(read_events(name))
        train, targets = data.fits[0]
        histories, items = targets["last"]
        times, _ = ranking.thinned(*times_of_last(events), options.queries)
        fitted = {method: build(data.catalog).fit(train) for method, build in ranking.methods(options).items()}
        lists = {method: recommender.recommend(histories, k=20) for method, recommender in fitted.items()}
        display = RankingReportDisplay.from_predictions(
            items,
            lists,
            histories,
            items=data.catalog,
            interactions=Interactions(events.user_id, events.item_id, events.timestamp),
            times=times,
            **({"lengths": LENGTHS[name]} if name in LENGTHS else {}),
        )
        display.axes_[0].get_legend().remove()
        display.axes_[-1].legend(
            *display.axes_[0].get_legend_handles_labels(), loc="lower right", bbox_to_anchor=(1, 0.08), frameon=False
        )
        display.figure_.savefig(RESULTS / f"ranking_report_{name}.png", dpi=72)
        print(name, {method: round(float(curve[9]), 4) for method, curve in display.hit_rate.items()}, flush=True)


def read_events(name: str):
    import pandas as pd

    folder = Path(os.environ["SKLEARN_LLMTOKENS_DATA"], "interactions")
    return pd.read_parquet(folder / f"{ranking.BY_TIME[name]}_events.parquet")


def times_of_last(events) -> tuple[list, list]:
    """Return when the last event of each user was, and its item: those after the cut, with an event before."""
    size = events.groupby("user_id").item_id.transform("size")
    is_last = events.user_id != events.user_id.shift(-1)
    last = events[is_last & (size >= 2) & (events.timestamp > ranking.events_cut(events))]
    return last.timestamp.tolist(), last.item_id.tolist()


if __name__ == "__main__":
    main()

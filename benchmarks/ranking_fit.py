"""Time and memory of a fit of `text_recommender` from texts and events, embedding included.

    python benchmarks/ranking_fit.py --protocol ranking_protocol.py
    python benchmarks/ranking_fit.py --protocol ranking_protocol.py --write    # benchmarks/results/, and the page

Training data are those of `ranking.py`, split by time. Each fit runs in a new process, with as many threads as torch
and BLAS take; its memory is the largest that the process had, the reading of the data included. No vectors are kept
from one fit to the next. 1,000 queries are asked afterwards.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import time

import ranking
from tables import save

from sklearn_llmtokens import text_recommender


def fit(name: str, options) -> dict:
    """Fit in this process, and return what it took."""
    options.splits, options.queries = ["time"], 1000
    data = ranking.read(name, options)
    events, targets = data.fits[0]
    queries = targets["last"][0]
    recommender = text_recommender(data.catalog)
    start = time.perf_counter(), time.process_time()
    recommender.fit(events)
    seconds, processor = time.perf_counter() - start[0], time.process_time() - start[1]
    start_asked = time.perf_counter()
    recommender.recommend(queries, k=10)
    asked = time.perf_counter() - start_asked
    return {
        "data": name,
        "n_items": data.catalog.n_items,
        "n_events": len(events.item),
        "seconds": seconds,
        "processor_seconds": processor,
        "queries_per_second": len(queries) / asked,
        "peak_bytes": 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss,
        "n_cores": len(os.sched_getaffinity(0)),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--protocol", default=os.environ.get("SKLEARN_LLMTOKENS_PROTOCOL"), metavar="FILE")
    parser.add_argument("--data", nargs="+", choices=list(ranking.BY_TIME), default=["beauty", "movielens"])
    parser.add_argument("--write", action="store_true", help="save the figures, and fill the page")
    parser.add_argument("--work", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.work:
        print(json.dumps(fit(options.data[0], options)))
        return
    if not (options.protocol and os.environ.get("SKLEARN_LLMTOKENS_DATA")):
        print("left out: pass --protocol, and set SKLEARN_LLMTOKENS_DATA to a data home with a folder interactions")
        return
    rows = []
    for name in options.data:
        command = [sys.executable, __file__, "--work", "--protocol", options.protocol, "--data", name]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        rows.append(json.loads(done.stdout.splitlines()[-1]))
        print(rows[-1], flush=True)
    if options.write:
        save("ranking_fit", rows)


if __name__ == "__main__":
    main()

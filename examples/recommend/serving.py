"""
A recommender behind threads
============================

Requests, new items, and a refitted model that takes the old one's place. ``Service`` is all that a web framework has to
call. The rest sends requests from some threads while the model changes, and prints latencies and memory.
"""

import copy
import pickle
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from matplotlib import pyplot as plt

from sklearn_llmtokens import text_recommender
from sklearn_llmtokens.datasets import load_toy_catalog
from sklearn_llmtokens.recommend import Catalog, GlobalTimeSplit, make_queries


# %%
# The service
# -----------
class Service:
    """One recommender for many threads. A request is served by one model from its beginning to its end.

    Requests take no lock: they read one reference. Changes are made to a shallow copy, one at a time, and the copy
    takes the place of the model by one assignment. So a request sees the model before a change or after it.
    """

    def __init__(self, model):
        self.current = (0, model.set_params(unknown="ignore"))  # users name items that have left the catalogue
        self._change = threading.Lock()

    def recommend(self, history, k=10, exclude=()):
        """Return the version of the model, and ids of the k best items that were not seen, bought or excluded."""
        version, model = self.current
        items = model.recommend([list(history)], k=k, exclude=list(exclude))[0]
        return version, [item for item in items if item is not None]

    def add_items(self, ids, texts):
        """Add items: the next request has them."""
        self._put(lambda model: model.add_items(ids, texts))

    def refit(self, X, y):
        """Fit again, on the items that there are by now; requests are served by the old model in the meantime."""
        self._put(lambda model: model.refit(X, y))

    def _put(self, change):
        with self._change:
            version, model = self.current
            self.current = (version + 1, change(copy.copy(model)))


# %%
# Requests
# --------
def send(service, histories, n_requests, exclude=()):
    """Send requests one after the other; return versions, lists, and seconds of each."""
    sent = []
    for i in range(n_requests):
        start = time.perf_counter()
        version, items = service.recommend(histories[i % len(histories)], k=5, exclude=exclude)
        sent.append((version, items, time.perf_counter() - start))
    return sent


def send_from_threads(service, histories, n_threads, n_requests, exclude=()):
    """Send requests from several threads at once, each with other users first."""
    with ThreadPoolExecutor(n_threads) as pool:
        parts = [histories[i:] + histories[:i] for i in range(n_threads)]
        futures = [pool.submit(send, service, part, n_requests, exclude) for part in parts]
        return [one for future in futures for one in future.result()]


def percentiles(sent):
    """Return the median and the 95th and 99th percentile of a request, in milliseconds."""
    return 1000 * np.percentile([seconds for *_, seconds in sent], [50, 95, 99])


# %%
# A model that changes while it is asked
# --------------------------------------
toy = load_toy_catalog()
X, y, *_ = make_queries(toy.events)
old, new = next(GlobalTimeSplit(quantile=0.8, targets="successive").split(X))
service = Service(text_recommender(Catalog(toy.ids, toy.texts), embedder="zh-nano").fit(X[old], y[old]))
histories, shown = [list(row) for row in X[new]], ["S001", "N001"]
latencies = {"before": percentiles(send_from_threads(service, histories, 3, 20, shown))}


def change():
    """Add an item, then fit the model again with its first click."""
    service.add_items(["tea"], ["一本讲泡茶和茶具的小书"])
    service.refit([*X, ["tea"]], [*y, "S002"])


thread = threading.Thread(target=change)
thread.start()  # while it fits, the requests below are answered
sent = []
while thread.is_alive():
    sent += send_from_threads(service, histories, 3, 20, shown)
thread.join()
sent += send_from_threads(service, histories, 3, 20, shown)
latencies["during"] = percentiles(sent)
versions = sorted({version for version, *_ in sent})
for name, values in latencies.items():
    print(f"{name} a change: p50 {values[0]:.1f} ms, p95 {values[1]:.1f} ms, p99 {values[2]:.1f} ms")
print(f"versions that answered: {versions}")

# %%
# Latencies
# ---------
figure, axes = plt.subplots(figsize=(8, 4), layout="constrained")
axes.hist([1000 * seconds for *_, seconds in sent], bins=40)
axes.axvline(latencies["before"][0], color="black", linestyle="--", label="median without a change")
axes.set(xlabel="milliseconds", ylabel="requests", title="Requests from three threads while the model is fitted again")
axes.legend(frameon=False)
plt.show()

# %%
# The same lists as without a service
# -----------------------------------
version, model = service.current
expected = model.recommend(histories, k=5, exclude=shown)
last = send(service, histories, len(histories), shown)
same = all(items == row.tolist() for (_, items, _), row in zip(last, expected, strict=True))
shown_again = any(item in shown for _, items, _ in sent for item in items)
print(f"same lists: {same}; excluded items that were shown: {shown_again}")

# %%
# Memory
# ------
sizes = {name: len(pickle.dumps(part)) / 2**20 for name, part in model.recommenders_.items()}
print("MiB of each part:", ", ".join(f"{name} {size:.2f}" for name, size in sizes.items()))

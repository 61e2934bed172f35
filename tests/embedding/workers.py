"""Read what workers wrote down while they encoded texts."""

from collections import Counter
from pathlib import Path


class Log:
    """What `tests.inside.recording_work` wrote."""

    def __init__(self, path):
        rows = [tuple(map(int, line.split())) for line in Path(path).read_text().splitlines()]
        self.processes = Counter(process for process, _, _ in rows)
        self.loads = {process: n_loads for process, n_loads, _ in rows}
        self.n_texts = sum(n_texts for _, _, n_texts in rows)

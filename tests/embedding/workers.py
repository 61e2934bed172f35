"""What tests put in the place of a worker's function, to see who did what, and to kill one in the middle."""

import os
from collections import Counter
from pathlib import Path


def recording_work(log, kill_after=None):
    """Return a function for ``_workers._work`` that writes down process, model loads and texts of each item.

    The first process that begins an item after `kill_after` were done is killed. The function is local, so that every
    library sends it by value.
    """
    log, caller = str(log), os.getpid()

    def work(item):
        import os
        import pickle
        import signal

        from sklearn_llmtokens.embedding import _workers
        from sklearn_llmtokens.embedding._torch import _load

        # Where one worker is left, joblib does the work in the calling process.
        if kill_after is not None and os.getpid() != caller and os.path.exists(log):
            with open(log) as file:
                n_done = len(file.readlines())
            if n_done >= kill_after:
                try:
                    os.close(os.open(log + ".killed", os.O_CREAT | os.O_EXCL))
                    os.kill(os.getpid(), signal.SIGKILL)
                except FileExistsError:
                    pass
        result = _workers._encode(*pickle.loads(item)), None
        with open(log, "a") as file:
            file.write(f"{os.getpid()} {_load.n_loads} {len(pickle.loads(item)[0])}\n")
        return result

    return work


class Log:
    """What `recording_work` wrote."""

    def __init__(self, path):
        rows = [tuple(map(int, line.split())) for line in Path(path).read_text().splitlines()]
        self.processes = Counter(process for process, _, _ in rows)
        self.loads = {process: n_loads for process, n_loads, _ in rows}
        self.n_texts = sum(n_texts for _, _, n_texts in rows)

"""The figures of benchmarks/command_kills.py and benchmarks/deploy.py as tables."""

ENDS = {"SIGKILL": "kill -9", "SIGTERM": "SIGTERM", "SIGINT": "Ctrl-C"}


def kills(found: list[dict]) -> tuple[list, list]:
    """One row per scenario and signal: the rows that were embedded again."""
    head = ["rows, model, layer", "ended by", "times", "rows lost, most", "rows lost, mean", "seconds lost, at most"]
    rows = []
    for one in found:
        settled = [kill for kill in one["kills"] if "lost_rows" in kill]
        rates = [kill["rate"] for kill in settled if kill["rate"]]
        rate = sum(rates) / len(rates)
        for signal, name in ENDS.items():
            lost = [kill["lost_rows"] for kill in settled if kill["signal"] == signal]
            # The bar is drawn each second: up to one more second of rows was done when the signal came.
            seconds = [1 + kill["lost_rows"] / (kill["rate"] or rate) for kill in settled if kill["signal"] == signal]
            what = f"{one['rows']:,}, {one['model']}, layer {one['layer']}"
            mean = sum(lost) / len(lost)
            rows.append([what, name, str(len(lost)), f"{max(lost):,}", f"{mean:,.0f}", f"{max(seconds):.1f}"])
    return head, rows


def deploy(found: dict) -> tuple[list, list]:
    """One row per quantity, one column per model."""
    models = found["models"]
    threads = range(len(next(iter(models.values()))["threads"]))

    def row(name: str, value) -> list[str]:
        return [name, *(value(one) for one in models.values())]

    def with_threads(k: int) -> str:
        n = next(iter(models.values()))["threads"][k]["n"]
        return f"{n} thread{'s' if n > 1 else ''}"

    rows = [
        row("file, MiB", lambda one: f"{one['file_MiB']:.1f}"),
        row("loaded in, s", lambda one: f"{one['load_s']:.1f}"),
        row("first prediction, s", lambda one: f"{one['first_s']:.1f}"),
        *(
            row(
                f"one text, {with_threads(k)}, ms (median / 95 %)",
                lambda one, k=k: f"{one['threads'][k]['median_ms']:.1f} / {one['threads'][k]['p95_ms']:.1f}",
            )
            for k in threads
        ),
        *(
            row(f"texts per second, {with_threads(k)}", lambda one, k=k: f"{one['threads'][k]['per_s']:,.0f}")
            for k in threads
        ),
        row("texts per second, 64 in a request", lambda one: f"{one['batch_per_s']:,.0f}"),
        row("memory of a worker, MiB", lambda one: f"{one['MiB']:,.0f}"),
        row("own memory of a forked worker, MiB", lambda one: f"{one['own_MiB']:,.0f}"),
    ]
    head = [f"{found['processors']} processors, load average {found['load']:.1f}", *models]
    return head, rows


COMMAND_TABLES = {"command: kills": ("command_kills", kills), "deploy": ("deploy", deploy)}

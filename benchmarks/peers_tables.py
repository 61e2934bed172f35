"""The tables of `peers.py`: texts and rankings."""

import numpy as np


def texts(found: dict, markdown) -> str:
    rows = [row for row in found["text"] if "error" not in row]
    lines = []
    for row in sorted(rows, key=lambda one: -float(np.mean(one["accuracy"]["many"]))):
        few, many = (float(np.mean(row["accuracy"][one])) for one in ("few", "many"))
        embed = f"{row['embed_s']:.1f}" if "embed_s" in row else "as its vectors"
        lines.append([f"`{row['name']}`", row["version"], f"{few:.3f}", f"{many:.3f}", embed])
    settings = found["settings"]
    few, train, test = settings["n_few"], settings["n_train"], settings["n_test"]
    head = ["", "package", f"{few} labels per category", f"{train:,} labels", f"processor s for {train + test:,} texts"]
    return markdown(head, lines)


def rankings(found: dict, markdown) -> str:
    rows = [row for row in found["ranking"] if "error" not in row]
    lines = [
        [
            f"`{row['name']}`",
            row["version"],
            f"{row['hit_rate']:.4f}",
            f"{row['fit_s']:.1f}",
            f"{row['recommend_s']:.1f}",
        ]
        for row in sorted(rows, key=lambda one: -one["hit_rate"])
    ]
    head = ["", "package", "HR@10", "fit, processor s", f"lists of {rows[0]['n_queries']:,} users, processor s"]
    return markdown(head, lines)


PEER_TABLES = {"texts": texts, "rankings": rankings}

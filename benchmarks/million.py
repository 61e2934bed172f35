"""Memory of a million texts, beyond the texts and the result.

    python benchmarks/million.py                        # 100,000 and 1,000,000 texts, without a store and with one
    python benchmarks/million.py --texts 10000 100000
    python benchmarks/million.py --write                # benchmarks/results/million.json, and the page on the store

A tiny random checkpoint (1 layer, 32 features) stands for a real one, so that it takes minutes: what is looked for is
memory that grows with the number of texts, which no model takes part in. Each size runs in a process of its own,
`transform(texts, out=)` into a memory map of float32. The peak is that of the process's anonymous memory (RssAnon,
looked at every 20 ms): the pages of the memory map belong to the file, and the system takes them back as it likes.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import threading
import time
import warnings
from pathlib import Path

import numpy as np
from tables import save

KIBI = 1024
CACHES = {"no store": None, "a folder": "store"}


def make_checkpoint(folder: Path) -> Path:
    """Write a BERT of one layer whose tokenizer knows digits."""
    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", *"0123456789"]
    backend = Tokenizer(models.WordLevel({word: i for i, word in enumerate(words)}, unk_token="[UNK]"))
    backend.pre_tokenizer = pre_tokenizers.Split("", "isolated")
    backend.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    names = {"pad_token": "[PAD]", "unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]"}
    PreTrainedTokenizerFast(tokenizer_object=backend, model_max_length=32, **names).save_pretrained(folder)
    torch.manual_seed(0)
    sizes = {"hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 32}
    BertModel(BertConfig(vocab_size=len(words), max_position_embeddings=32, **sizes)).save_pretrained(folder)
    return folder


class Peak:
    """The most anonymous memory that this process takes inside the block, in bytes."""

    def __enter__(self):
        self.bytes, self._done = anonymous_memory(), threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()
        return self

    def _watch(self):
        while not self._done.wait(0.02):
            self.bytes = max(self.bytes, anonymous_memory())

    def __exit__(self, *error):
        self._done.set()
        self._thread.join()


def anonymous_memory() -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * KIBI for line in lines if line.startswith("RssAnon"))


def run(checkpoint: str, cache: str | None, n_texts: int) -> dict:
    """Embed distinct texts of 6 to 30 characters in this process; return what it took."""
    from sklearn_llmtokens import LLMTokenEmbedder

    texts = [f"{i:0{6 + i % 25}d}" for i in range(n_texts)]
    embedder = LLMTokenEmbedder(checkpoint, cache=cache).fit(texts[:1])
    embedder.transform(["warm"])
    with tempfile.TemporaryDirectory() as folder:
        out = np.memmap(Path(folder) / "rows", np.float32, "w+", shape=(n_texts, embedder.n_features_out_))
        found = {}
        for what in ("the model runs",) if cache is None else ("the model runs", "from the store"):
            before, start = anonymous_memory(), time.perf_counter()
            with Peak() as peak:
                embedder.transform(texts, out=out)
            found[what] = {
                "peak_beyond_texts_bytes": peak.bytes - before,
                "bytes_a_text": (peak.bytes - before) / n_texts,
                "seconds": time.perf_counter() - start,
            }
        assert np.isfinite(out[:: max(1, n_texts // 1000)]).all()
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--texts", type=int, nargs="+", default=[100_000, 1_000_000])
    parser.add_argument("--write", action="store_true", help="save the figures, and fill the page")
    parser.add_argument("--run", nargs=3, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.run:
        checkpoint, cache, n_texts = arguments.run
        print(json.dumps(run(checkpoint, cache or None, int(n_texts))))
        return
    warnings.simplefilter("ignore")
    results = []
    with tempfile.TemporaryDirectory() as folder:
        checkpoint = make_checkpoint(Path(folder) / "checkpoint")
        for name, cache in CACHES.items():
            for n_texts in arguments.texts:
                place = "" if cache is None else str(Path(folder) / f"{cache}-{n_texts}")
                command = [sys.executable, __file__, "--run", str(checkpoint), place, str(n_texts)]
                done = subprocess.run(command, check=True, capture_output=True, text=True)
                for what, figures in json.loads(done.stdout.splitlines()[-1]).items():
                    results.append({"store": name, "what": what, "n_texts": n_texts, **figures})
                    print(json.dumps(results[-1]), flush=True)
    if arguments.write:
        save("million", results)


if __name__ == "__main__":
    main()

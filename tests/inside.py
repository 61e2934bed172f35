"""The places inside the package that tests look at or break, in one file: a name that moves is mended here.

Everything else in the tests imports what users import, but for pure functions that are compared with an oracle.
"""

import os
import sys
from dataclasses import replace

from sklearn_llmtokens._utils import _sklearn, _texts
from sklearn_llmtokens.datasets import _amazon, _registry
from sklearn_llmtokens.embedding import _cache, _embed, _parquet_bar, _progress, _torch, _workers
from sklearn_llmtokens.embedding._cache import _claims, _database, _rows, _sqlite
from sklearn_llmtokens.embedding._spec import ForwardSpec
from sklearn_llmtokens.embedding._torch import _encoder, _load, _packed_attention, _precision, _products, _sequences
from sklearn_llmtokens.embedding._torch._strategy import EqualLengths
from sklearn_llmtokens.inspection import _alignment, _number_rules, _steps, _terms
from sklearn_llmtokens.linear_model import _log_loss, _multinomial
from sklearn_llmtokens.linear_model import _rows as _block_rows
from sklearn_llmtokens.recommend import _histories, _prefix_products, _ranking
from sklearn_llmtokens.text import _shared

# The one interface of stores, tested against a dict.
open_cache, set_memory_limit = _cache.open_cache, _cache.set_memory_limit
claims, database, SQLiteCache, ENTRY_BYTES = _claims, _database, _sqlite.SQLiteCache, _rows.ENTRY_BYTES

# What transformers of texts inside the package are made of, for toys that do everything right.
StrOptions, fit_context, validate_texts = _sklearn.StrOptions, _sklearn.fit_context, _texts.validate_texts

# Products and attention of fused models, compared with torch's own.
PlainProduct, PackedProduct = _products.PlainProduct, _products.PackedProduct
PackedAttention, make_product = _packed_attention.PackedAttention, _products.make_product

# Pure functions of explanations, compared with scikit-learn's own terms and transforms.
Alignment, align, find_terms = _alignment.Alignment, _alignment.align, _terms.find_terms

# Pure functions of classifiers, compared with what they minimise and with scikit-learn's logistic regression.
best_scale, calibrate_scores, ExpectedShare = _log_loss.best_scale, _log_loss.calibrate_scores, _log_loss.ExpectedShare
solve_multinomial = _multinomial.solve_multinomial


def as_histories(X, catalog):
    """Histories as flat arrays, without the events that are left out."""
    return _histories.given_events(X, catalog).known()


def number_rule_of(step):
    """Return the rule by which functions of the output of a step become functions of its input."""
    return _steps.find_rule(_number_rules.NUMBER_RULES, step)


def forget_models() -> None:
    """Forget the models that this process has loaded."""
    _torch.unload()


def forget_vectors() -> None:
    """Forget the vectors that this process keeps in memory."""
    _cache.set_memory_limit(0)
    _cache.set_memory_limit(None)


def spy_on_texts(monkeypatch) -> list[str]:
    """Record the texts that are encoded from now on, in order."""
    seen: list[str] = []
    encode = _torch.Encoder.encode

    def spy(self, texts, *args, **kwargs):
        seen.extend(texts)
        return encode(self, texts, *args, **kwargs)

    monkeypatch.setattr(_torch.Encoder, "encode", spy)
    return seen


def replace_encode(monkeypatch, change):
    """Have ``change(encode, encoder, texts, *args)`` do the work of the encoder."""
    encode = _torch.Encoder.encode
    monkeypatch.setattr(
        _torch.Encoder, "encode", lambda self, texts, *args, **kw: change(encode, self, texts, *args, **kw)
    )


def set_chunk_texts(monkeypatch, n_texts: int) -> None:
    """Have chunks of at most `n_texts` texts."""
    monkeypatch.setattr(_embed, "_CHUNK_TEXTS", n_texts)


def set_bar_delay(monkeypatch, seconds: float) -> None:
    """Have bars of texts and rows appear after so many seconds."""
    monkeypatch.setattr(_progress, "DELAY_SECONDS", seconds)
    monkeypatch.setattr(_parquet_bar, "DELAY_SECONDS", seconds)


def replace_work(monkeypatch, change) -> None:
    """Have ``change(work, item)`` do a work item in a worker."""
    work = _workers._work
    monkeypatch.setattr(_workers, "_work", lambda item: change(work, item))


def replace_states(monkeypatch, encoder, change) -> None:
    """Have ``change(states, groups, layers)`` compute the hidden states of a loaded model."""
    strategy = encoder.loaded.strategy
    states = strategy.states
    monkeypatch.setattr(strategy, "states", lambda groups, layers: change(states, groups, layers), raising=False)


def encoder_of(fitted) -> "_torch.Encoder":
    """Return the encoder of a fitted embedder."""
    return _torch.Encoder.load(ForwardSpec(**fitted.spec_["forward"]), fitted.device)


def n_loads() -> int:
    """Return how often this process has loaded weights."""
    return _load.n_loads


def count_loads():
    """Return a function that returns how often its process has loaded weights; it travels to others by value."""

    def count():
        from sklearn_llmtokens.embedding._torch import _load

        return _load.n_loads

    return count


def n_loaded() -> int:
    """Return how many models this process holds."""
    return len(_load._loaded)


def n_prefixes(fitted) -> int:
    """Return of how many beginnings of prompts a model keeps the states."""
    return len(encoder_of(fitted).loaded.prefixes)


def record_texts(path) -> None:
    """Append the process and the text of all that this process encodes from now on to a file; twice is as once."""
    encode = _torch.Encoder.encode
    if hasattr(encode, "records"):
        return

    def record(encoder, texts, *args, **kwargs):
        with open(path, "a") as file:
            file.writelines(f"{os.getpid()}\t{text}\n" for text in texts)
        return encode(encoder, texts, *args, **kwargs)

    record.records = True
    _torch.Encoder.encode = record


def sequences_of(fitted, texts, spans=None, *, locate=True) -> list:
    """Return the sequences of token ids that a fitted embedder makes of texts: all windows of all texts."""
    encoder = encoder_of(fitted)
    return _sequences.make_sequences(encoder.loaded.tokenizer, encoder.spec, texts, spans, locate=locate)[0]


class CountingBackend:
    """A tokenizer of the Rust library that counts the characters that it gets."""

    def __init__(self, backend):
        self.backend, self.n_characters = backend, 0

    def __getattr__(self, name):
        return getattr(self.backend, name)

    def encode(self, text, **options):
        self.n_characters += len(text)
        return self.backend.encode(text, **options)

    def encode_batch_fast(self, texts, **options):
        self.n_characters += sum(map(len, texts))
        return self.backend.encode_batch_fast(texts, **options)


def count_characters(fitted, texts) -> int:
    """Return how many characters the tokenizer of a fitted embedder gets while it makes sequences of texts."""
    encoder = encoder_of(fitted)
    counting = CountingBackend(encoder.loaded.tokenizer.backend)
    _sequences.make_sequences(replace(encoder.loaded.tokenizer, backend=counting), encoder.spec, texts, None)
    return counting.n_characters


def set_native_precisions(monkeypatch, are_native: bool) -> None:
    """Have this processor run half precisions itself, or emulate them."""
    monkeypatch.setattr(_precision, "is_native", lambda dtype: are_native)


def set_work(monkeypatch, work) -> None:
    """Have ``work(item)`` do the work items of workers; it travels to them by value."""
    monkeypatch.setattr(_workers, "_work", work)


def recording_work(log, kill_after=None):
    """Return a function for `set_work` that writes down process, model loads and texts of each item.

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
        try:
            result = _workers._encode(*pickle.loads(item)), None
        except Exception as error:  # as a value, like that of the work it stands for
            result = None, _workers._portable(error)
        with open(log, "a") as file:
            file.write(f"{os.getpid()} {_load.n_loads} {len(pickle.loads(item)[0])}\n")
        return result

    return work


def without_fusing(monkeypatch, fitted):
    """Have transformers run the layers of a model that would be fused; return the layers."""
    loaded = encoder_of(fitted).loaded
    strategy = EqualLengths(loaded.transformer)
    monkeypatch.setattr(_load, "load", lambda spec, device: replace(loaded, strategy=strategy))
    monkeypatch.setattr(_encoder, "load", lambda spec, device: replace(loaded, strategy=strategy))
    return loaded.transformer.layers


def forget_built(monkeypatch, keep=()) -> None:
    """Forget the dictionaries and engines that this process has built, but for the functions that `keep` names."""
    kept = {key: value for key, value in _shared._kept.items() if key[0].__name__ in keep}
    monkeypatch.setattr(_shared, "_kept", type(_shared._kept)(kept))


_built_without_rjieba = type(_shared._kept)()


def without_rjieba(monkeypatch) -> None:
    """Have rjieba missing, as where it is not installed; what is built meanwhile serves the next such test."""
    monkeypatch.setitem(sys.modules, "rjieba", None)
    monkeypatch.setattr(_shared, "_kept", _built_without_rjieba)


def set_ranking_chunks(monkeypatch, *, n_items: int, n_scores: int = 1 << 22) -> None:
    """Have recommenders score chunks of at most `n_items` items and `n_scores` scores."""
    monkeypatch.setattr(_ranking, "_CHUNK_ITEMS", n_items)
    monkeypatch.setattr(_ranking, "_CHUNK_SCORES", n_scores)


def set_prefix_tables(monkeypatch, *, n_items: int, n_entries: int) -> None:
    """Have products of events be sparse beyond `n_items` items, and merged each `n_entries` entries."""
    monkeypatch.setattr(_prefix_products, "_MOST_DENSE", n_items)
    monkeypatch.setattr(_prefix_products, "_ENTRIES_AT_ONCE", n_entries)


def set_most_dual_rows(monkeypatch, n_rows: int) -> None:
    """Have block ridges of more than `n_rows` rows be solved without inner products of rows."""
    monkeypatch.setattr(_block_rows, "_MOST_DUAL_ROWS", n_rows)


def register_file(monkeypatch, filename: str, url: str, sha256: str):
    """Have a public file of the data sets at another address, with another content; return what is registered."""
    remote = _registry.RemoteFile(filename, url, sha256)
    monkeypatch.setitem(_registry.FILES, filename, remote)
    return remote


def registered_files() -> list:
    """Return what is known of each public file of the data sets: ``filename``, ``url`` and ``sha256``."""
    return list(_registry.FILES.values())


def accept_any_amazon_rows(monkeypatch) -> None:
    """Have rows of any content pass for the public interactions."""
    monkeypatch.setattr(_amazon, "_check_content", lambda rows, name, path: None)

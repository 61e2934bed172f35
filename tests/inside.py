"""The places inside the package that tests look at or break, in one file: a name that moves is mended here.

Everything else in the tests imports what users import, but for pure functions that are compared with an oracle.
"""

import sys
from dataclasses import replace

from sklearn_llmtokens.datasets import _amazon, _registry
from sklearn_llmtokens.embedding import _embed, _torch, _workers
from sklearn_llmtokens.embedding._spec import ForwardSpec
from sklearn_llmtokens.embedding._torch import _encoder, _load
from sklearn_llmtokens.embedding._torch._strategy import EqualLengths
from sklearn_llmtokens.text import _shared


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


def n_loaded() -> int:
    """Return how many models this process holds."""
    return len(_load._loaded)


def n_prefixes(fitted) -> int:
    """Return of how many beginnings of prompts a model keeps the states."""
    return len(encoder_of(fitted).loaded.prefixes)


def set_work(monkeypatch, work) -> None:
    """Have ``work(item)`` do the work items of workers; it travels to them by value."""
    monkeypatch.setattr(_workers, "_work", work)


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


def without_rjieba(monkeypatch) -> None:
    """Have rjieba missing, as where it is not installed."""
    monkeypatch.setitem(sys.modules, "rjieba", None)
    forget_built(monkeypatch, {"_build", "_commonest_frequency", "_kinds_of_characters", "_load_model"})


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

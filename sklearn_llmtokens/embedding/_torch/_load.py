"""Load a model: once per process, never pickled, and known to a forked child."""

import os
import threading
from collections import OrderedDict
from dataclasses import dataclass, field, replace
from operator import index
from pathlib import Path
from typing import Any

import torch
from torch import nn
from transformers import AutoConfig
from transformers.models.auto.modeling_auto import (
    MODEL_FOR_CAUSAL_LM_MAPPING_NAMES,
    MODEL_FOR_MASKED_LM_MAPPING_NAMES,
)

from ...exceptions import CheckpointError, FingerprintMismatchError
from .._checkpoint import Checkpoint, fingerprint, read_conventions
from .._spec import ForwardSpec
from ._fused_bert import find_fused
from ._head import Step, load_head
from ._hidden import find_layers
from ._int8 import lower_precision
from ._outliers import probe_sequences
from ._precision import choose_device
from ._strategy import EqualLengths, Padded, Strategy
from ._tokenizer import TextTokenizer, load_tokenizer
from ._transformer import Transformer
from ._unpadded import Unpadded, find_unpadded
from ._weights import load_weights

# A search over models holds this many at once; the least recently used one is dropped.
MODELS_IN_MEMORY = 2

# Their position embeddings begin behind the padding index, so that the table is longer than the longest sequence.
_OFFSET_POSITIONS = {
    "camembert",
    "data2vec-text",
    "ibert",
    "longformer",
    "mpnet",
    "roberta",
    "roberta-prelayernorm",
    "xlm-roberta",
    "xlm-roberta-xl",
    "xmod",
}


# These have a causal language model beside an encoder in which every token sees every other.
_BIDIRECTIONAL = {"bert-generation", "xlnet"}


@dataclass(frozen=True)
class ModelFacts:
    """What the configuration of a model says, without its weights.

    Attributes
    ----------
    n_layers : int
        Number of layers; hidden states are numbered from 0 to this.
    hidden_size : int
        Features of a hidden state.
    causal : bool
        Whether a token sees only those before it.
    max_positions : int or None
        Longest sequence that the position embeddings allow.
    dtype : str or None
        Precision in which the weights are kept.
    """

    n_layers: int
    hidden_size: int
    causal: bool
    max_positions: int | None
    dtype: str | None


@dataclass(frozen=True, eq=False)
class LoadedModel:
    """A model on its device, its tokenizer, and the steps that follow its pooling.

    Attributes
    ----------
    transformer : Transformer
        The model.
    tokenizer : TextTokenizer
        Makes token ids.
    head : tuple of callable
        Maps of pooled vectors (n, n_in) to (n, n_out), in float64 on the CPU.
    strategy : Strategy
        How its hidden states are computed.
    unpadded : Unpadded or None
        Its unpadded strategy, which goes on from a prefix too.
    lock : threading.RLock
        Held while the model runs: the hooks on its layers belong to one run.
    prefixes : OrderedDict
        What the model makes of the beginnings of prompts, by tokens and layers; the least recently used come first.
    """

    transformer: Transformer
    tokenizer: TextTokenizer
    head: tuple[Step, ...]
    strategy: Strategy
    unpadded: Unpadded | None
    lock: Any = field(default_factory=threading.RLock)
    prefixes: OrderedDict = field(default_factory=OrderedDict)


_loaded: OrderedDict[tuple, LoadedModel] = OrderedDict()
_lock = threading.RLock()
_forked = False
n_loads = 0
"""How often this process has loaded weights."""


def describe(checkpoint: Checkpoint, trust_remote_code: bool = False) -> ModelFacts:
    """Read the configuration of a checkpoint.

    Parameters
    ----------
    checkpoint : Checkpoint
        The checkpoint.
    trust_remote_code : bool, default=False
        Whether code of the checkpoint may run.

    Returns
    -------
    ModelFacts
        Sizes and kind of the model.

    Raises
    ------
    CheckpointError
        If transformers does not know the architecture.
    """
    config = _config(checkpoint, trust_remote_code)
    try:
        return _facts(config)
    except (AttributeError, TypeError, ValueError) as error:
        raise CheckpointError(
            f"{checkpoint}: the config.json of a {config.model_type} model does not say how many layers and features "
            f"it has, as that of a text model does ({error}); such models are not supported."
        ) from error


def _facts(config) -> ModelFacts:
    text = _text_config(config)
    kind = config.model_type
    causal = kind in MODEL_FOR_CAUSAL_LM_MAPPING_NAMES and kind not in MODEL_FOR_MASKED_LM_MAPPING_NAMES
    causal = (causal and kind not in _BIDIRECTIONAL) or getattr(text, "is_decoder", False)
    if config.is_encoder_decoder or getattr(text, "use_bidirectional_attention", False):
        causal = False
    causal = causal and getattr(text, "is_causal", True)
    for name in ("num_hidden_layers", "hidden_size"):
        if index(getattr(text, name)) < 1:
            raise ValueError(f"{name} is {getattr(text, name)}")
    limit = getattr(text, "max_position_embeddings", None)
    if limit is not None and kind in _OFFSET_POSITIONS:
        limit -= (text.pad_token_id or 0) + 1
    return ModelFacts(
        n_layers=index(text.num_hidden_layers),
        hidden_size=index(text.hidden_size),
        causal=bool(causal),
        max_positions=index(limit) if limit and limit > 0 else None,
        dtype=str(config.dtype).removeprefix("torch.") if getattr(config, "dtype", None) else None,
    )


def load(spec: ForwardSpec, device: str) -> LoadedModel:
    """Return the model of `spec` on `device`, loaded at the first call in this process.

    Parameters
    ----------
    spec : ForwardSpec
        Names the checkpoint and the precision.
    device : str
        A torch device, or "auto".

    Returns
    -------
    LoadedModel
        Shared by every caller in this process.

    Raises
    ------
    CheckpointError
        If the weights cannot be read.
    FingerprintMismatchError
        If another checkpoint lies there, as it may on another machine.
    RuntimeError
        In a forked child whose parent has used a GPU.
    """
    device = choose_device(device)
    key = (spec.fingerprint, spec.dtype, device, spec.trust_remote_code)
    with _lock:
        if _forked:
            _check_fork(device)
        if key not in _loaded:
            _loaded[key] = _load(spec, device)
            while len(_loaded) > MODELS_IN_MEMORY:
                _loaded.popitem(last=False)
        _loaded.move_to_end(key)
        return _loaded[key]


def unload() -> None:
    """Drop every model that this process holds."""
    with _lock:
        _loaded.clear()


def _load(spec: ForwardSpec, device: str) -> LoadedModel:
    global n_loads
    n_loads += 1
    checkpoint = Checkpoint(Path(spec.folder), spec.folder, None)
    found = fingerprint(checkpoint, code=spec.trust_remote_code)
    if found != spec.fingerprint:
        raise FingerprintMismatchError(
            f"{spec.folder} has fingerprint {found} on this machine, and {spec.fingerprint} is asked for: put the same "
            "checkpoint there."
        )
    config = _config(checkpoint, spec.trust_remote_code)
    config.use_cache = False  # keys and values are kept for generation alone
    model = load_weights(checkpoint, config, spec, device)
    fused = find_fused(model, device)
    tokenizer = load_tokenizer(checkpoint, spec)
    head = load_head(read_conventions(checkpoint))
    if spec.dtype == "int8":
        lower_precision(model)
        if fused is not None:
            # Dense layers may take off what all texts have in common, and magnify the error of the rest.
            is_magnified = any(isinstance(step, nn.Module) for step in head)
            fused.lower_precision(model, probe_sequences(tokenizer.backend) if is_magnified else ())
    text = _text_config(config)
    transformer = Transformer(
        model=model,
        layers=find_layers(model, text.num_hidden_layers, device),
        n_layers=text.num_hidden_layers,
        hidden_size=text.hidden_size,
        device=device,
    )
    unpadded = None if fused is not None else find_unpadded(transformer)
    strategy: Strategy = fused or unpadded or EqualLengths(transformer)
    if not device.startswith("cpu"):
        strategy = Padded(transformer, tokenizer.pad, spec.causal)
    return LoadedModel(transformer, tokenizer, head, strategy, unpadded)


def _config(checkpoint: Checkpoint, trust_remote_code: bool):
    try:
        return AutoConfig.from_pretrained(
            checkpoint.transformer_folder, local_files_only=True, trust_remote_code=trust_remote_code
        )
    except Exception as error:  # a damaged file ends in errors of every kind
        hint = "" if trust_remote_code else " If it needs code of its own that you trust, set trust_remote_code=True."
        raise CheckpointError(
            f"{checkpoint}: its configuration (config.json) cannot be read ({type(error).__name__}: "
            f"{str(error)[:300]}).{hint}"
        ) from error


def _text_config(config):
    """Return the part of a configuration that describes what reads the text."""
    return config.get_text_config(encoder=True) if config.is_encoder_decoder else config.get_text_config()


def _check_fork(device: str) -> None:
    if not device.startswith("cpu"):
        raise RuntimeError(
            f"This process was forked from one that had loaded a model, and {device} cannot be used in it: start "
            'workers with joblib\'s "loky" backend or multiprocessing\'s "spawn".'
        )


def _after_fork_in_child() -> None:
    """Free the locks that threads of the parent held, and do without OpenMP's threads, which did not come along."""
    global _lock, _forked
    _lock = threading.RLock()
    for key, loaded in _loaded.items():
        _loaded[key] = replace(loaded, lock=threading.RLock())
    _forked = bool(_loaded)
    if _forked:
        torch.set_num_threads(1)
        os.environ["TOKENIZERS_PARALLELISM"] = "false"


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)

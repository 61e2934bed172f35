"""Load a model: once per process, never pickled, and known to a forked child."""

import contextlib
import os
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn
from transformers import AutoConfig, AutoModel, AutoModelForTextEncoding
from transformers.models.auto.modeling_auto import (
    MODEL_FOR_CAUSAL_LM_MAPPING_NAMES,
    MODEL_FOR_MASKED_LM_MAPPING_NAMES,
    MODEL_FOR_TEXT_ENCODING_MAPPING_NAMES,
)
from transformers.utils import logging

from ...exceptions import CheckpointError, FingerprintMismatchError
from .._checkpoint import Checkpoint, Conventions, fingerprint, read_conventions
from .._spec import ForwardSpec
from ._hidden import find_layers
from ._lean import find_lean
from ._loaded import LoadedModel
from ._packed import find_offset
from ._precision import choose_device, lower_precision
from ._tokenizer import load_tokenizer

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


_loaded: OrderedDict[tuple, LoadedModel] = OrderedDict()
_lock = threading.RLock()
_run_lock = threading.Lock()
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
    text = _text_config(config)
    kind = config.model_type
    causal = kind in MODEL_FOR_CAUSAL_LM_MAPPING_NAMES and kind not in MODEL_FOR_MASKED_LM_MAPPING_NAMES
    causal = (causal and kind not in _BIDIRECTIONAL) or getattr(text, "is_decoder", False)
    if config.is_encoder_decoder or getattr(text, "use_bidirectional_attention", False):
        causal = False
    causal = causal and getattr(text, "is_causal", True)
    limit = getattr(text, "max_position_embeddings", None)
    if limit is not None and kind in _OFFSET_POSITIONS:
        limit -= (text.pad_token_id or 0) + 1
    dtype = str(config.dtype).removeprefix("torch.") if getattr(config, "dtype", None) else None
    return ModelFacts(
        text.num_hidden_layers, text.hidden_size, bool(causal), limit if limit and limit > 0 else None, dtype
    )


def load(spec: ForwardSpec, device: str) -> LoadedModel:
    """Give the model of `spec` on `device`, loaded at the first call in this process.

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
    key = (spec.fingerprint, spec.dtype, device)
    with _lock:
        if _forked:
            _check_fork(device)
        if key not in _loaded:
            _loaded[key] = _load(spec, device)
            while len(_loaded) > MODELS_IN_MEMORY:
                _loaded.popitem(last=False)
        _loaded.move_to_end(key)
        return _loaded[key]


def running() -> threading.Lock:
    """Give the lock under which this process runs a model: one batch fills the cores, and taps belong to one run.

    Returns
    -------
    threading.Lock
        To be held for a batch.
    """
    return _run_lock


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
    conventions = read_conventions(checkpoint)
    config = _config(checkpoint, spec.trust_remote_code)
    config.use_cache = False  # keys and values are kept for generation alone
    # The text-encoding classes load the encoder of T5 alone; AutoModel would load its decoder too.
    loader = AutoModelForTextEncoding if config.model_type in MODEL_FOR_TEXT_ENCODING_MAPPING_NAMES else AutoModel
    dtype = torch.float32 if spec.dtype == "int8" else getattr(torch, spec.dtype)
    with _quiet_transformers():
        try:
            model = loader.from_pretrained(
                checkpoint.transformer_folder,
                config=config,
                dtype=dtype,
                use_safetensors=True,
                local_files_only=True,
                trust_remote_code=spec.trust_remote_code,
            )
        except (OSError, ValueError, RuntimeError) as error:
            raise CheckpointError(f"{spec.folder} could not be loaded: {error}") from error
    if config.is_encoder_decoder and loader is AutoModel:
        model = model.get_encoder()
    model.eval().requires_grad_(False)
    lean = find_lean(model, device)
    if spec.dtype == "int8":
        model = lower_precision(model)
        if lean is not None:
            lean.lower_precision(model)
    model.to(device)
    text = _text_config(config)
    loaded = LoadedModel(
        model=model,
        layers=find_layers(model, text.num_hidden_layers, device),
        n_layers=text.num_hidden_layers,
        hidden_size=text.hidden_size,
        tokenizer=load_tokenizer(checkpoint, spec),
        head=_load_head(conventions),
        device=device,
        lean=lean,
    )
    with running():
        find_offset(loaded)
    return loaded


def _config(checkpoint: Checkpoint, trust_remote_code: bool):
    try:
        return AutoConfig.from_pretrained(
            checkpoint.transformer_folder, local_files_only=True, trust_remote_code=trust_remote_code
        )
    except (OSError, ValueError, KeyError) as error:
        hint = "" if trust_remote_code else " If it needs code of its own that you trust, set trust_remote_code=True."
        raise CheckpointError(f"{checkpoint}: its configuration cannot be read ({error}).{hint}") from error


def _text_config(config):
    """Give the part of a configuration that describes what reads the text."""
    return config.get_text_config(encoder=True) if config.is_encoder_decoder else config.get_text_config()


def _load_head(conventions: Conventions) -> tuple[Callable[[torch.Tensor], torch.Tensor], ...]:
    """Load the Dense layers, in float64 on the CPU: they are small, and one row must give what it gives among many."""
    from safetensors.torch import load_file

    head = []
    for dense in conventions.dense:
        tensors = load_file(dense.file)
        linear = nn.Linear(dense.n_in, dense.n_out, bias="linear.bias" in tensors, dtype=torch.float64)
        linear.load_state_dict({name.removeprefix("linear."): value.double() for name, value in tensors.items()})
        activation = getattr(nn, dense.activation.rsplit(".", 1)[-1], None)
        if activation is None:
            raise CheckpointError(f"{dense.file}: torch has no activation {dense.activation!r}.")
        head.append(nn.Sequential(linear, activation()).eval().requires_grad_(False))
    return tuple(head)


@contextlib.contextmanager
def _quiet_transformers() -> Iterator[None]:
    """Keep loading quiet: a missing pooler, which is never used, is not worth a warning."""
    level, bar = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(level)
        if bar:
            logging.enable_progress_bar()


def _check_fork(device: str) -> None:
    if not device.startswith("cpu"):
        raise RuntimeError(
            f"This process was forked from one that had loaded a model, and {device} cannot be used in it: start "
            'workers with joblib\'s "loky" backend or multiprocessing\'s "spawn".'
        )


def _after_fork_in_child() -> None:
    """Free the locks that threads of the parent held, and do without OpenMP's threads, which did not come along."""
    global _lock, _run_lock, _forked
    _lock, _run_lock = threading.RLock(), threading.Lock()
    _forked = bool(_loaded)
    if _forked:
        torch.set_num_threads(1)
        os.environ["TOKENIZERS_PARALLELISM"] = "false"


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)

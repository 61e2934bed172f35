"""Load the weights of a model, and check that every tensor which a forward pass uses came out of the checkpoint.

transformers fills what a checkpoint lacks with random values, and says so in a log alone: each process gets others.
"""

import contextlib
import re
from collections.abc import Iterable, Iterator
from typing import Any

import torch
from torch import nn
from transformers import AutoModel, AutoModelForTextEncoding, PreTrainedModel
from transformers.models.auto.modeling_auto import MODEL_FOR_TEXT_ENCODING_MAPPING_NAMES
from transformers.utils import logging

from ..._utils._messages import shorten
from ...exceptions import CheckpointError
from .._checkpoint import Checkpoint
from .._spec import ForwardSpec

_IN_A_LIST = re.compile(r"\.\d+\.")
_SHOWN = 5  # names of tensors in a message
_LONGEST = 300  # characters of what transformers says, which may list all that it knows
_PROBE = (1, 2, 3)  # token ids


@torch.inference_mode(False)
@torch.enable_grad()
def load_weights(checkpoint: Checkpoint, config: Any, spec: ForwardSpec, device: str) -> PreTrainedModel:
    """Load the part of a model that turns token ids into hidden states.

    Parameters
    ----------
    checkpoint : Checkpoint
        The checkpoint.
    config : PreTrainedConfig
        Its configuration.
    spec : ForwardSpec
        Precision, and whether code of the checkpoint may run.
    device : str
        Where it goes.

    Returns
    -------
    PreTrainedModel
        On its device, in evaluation mode.

    Raises
    ------
    CheckpointError
        If the weights cannot be read, tensors that are used are missing or of another shape, there are tensors for
        parts that the model does not have, or the model does not run on token ids alone.
    """
    # The text-encoding classes load the encoder of T5 alone; AutoModel would load its decoder too.
    is_of_transformers = type(config).__module__.startswith("transformers.")
    is_text_encoder = is_of_transformers and config.model_type in MODEL_FOR_TEXT_ENCODING_MAPPING_NAMES
    loader = AutoModelForTextEncoding if is_text_encoder else AutoModel
    with _quiet_transformers():
        try:
            whole, report = loader.from_pretrained(
                checkpoint.transformer_folder,
                config=config,
                dtype=torch.float32 if spec.dtype == "int8" else getattr(torch, spec.dtype),
                use_safetensors=True,
                local_files_only=True,
                trust_remote_code=spec.trust_remote_code,
                ignore_mismatched_sizes=True,  # they are in the report, by name
                output_loading_info=True,
            )
        except MemoryError:
            raise
        except Exception as error:  # a damaged configuration ends in errors of every kind
            raise CheckpointError(
                f"{checkpoint} could not be loaded ({type(error).__name__}: {str(error)[:_LONGEST]}): its config.json "
                "does not suit its weights, or is damaged."
            ) from error
    model = whole.get_encoder() if config.is_encoder_decoder and loader is AutoModel else whole
    model.eval().requires_grad_(False).to(device)
    _check_reads_tokens(checkpoint, model)
    _check_tensors(checkpoint, whole, model, report)
    return model


def _check_reads_tokens(checkpoint: Checkpoint, model: PreTrainedModel) -> None:
    try:
        hidden = _run(model).last_hidden_state
        model.config.model_type  # noqa: B018 which some encoders inside of a model do not have
    except Exception as error:  # what a model says that wants pictures, too, is its own
        raise CheckpointError(
            f"{checkpoint}: a {type(model).__name__} does not run on token ids alone ({type(error).__name__}: "
            f"{shorten(str(error))}); encoders and decoders of text do."
        ) from error
    if hidden.shape[:2] != (1, len(_PROBE)):
        raise CheckpointError(
            f"{checkpoint}: a {type(model).__name__} gives hidden states of shape {tuple(hidden.shape)} for "
            f"{len(_PROBE)} tokens, and not one for each; such models are not supported."
        )


def _run(model: PreTrainedModel) -> Any:
    ids = torch.tensor([_PROBE], device=next(model.parameters()).device)
    return model(input_ids=ids, output_hidden_states=True)


def _check_tensors(
    checkpoint: Checkpoint, whole: PreTrainedModel, model: PreTrainedModel, report: dict[str, Any]
) -> None:
    shapes = {name: (tuple(found), tuple(wanted)) for name, found, wanted in report["mismatched_keys"]}
    lacking = _used(whole, model, {*report["missing_keys"], *shapes})
    wrong = [name for name in lacking if name in shapes]
    if wrong:
        found, wanted = shapes[wrong[0]]
        raise CheckpointError(
            f"{checkpoint}: {_some(wrong)} in its weights and config.json disagree: the first is of shape {found}, and "
            f"{wanted} by the configuration."
        )
    if lacking:
        raise CheckpointError(
            f"{checkpoint} lacks {_some(lacking)}, which the forward pass uses: the weights are incomplete, or belong "
            "to another config.json."
        )
    surplus = [name for name in sorted(report["unexpected_keys"]) if _is_inside(name, whole, model)]
    if surplus:
        raise CheckpointError(
            f"{checkpoint} has {_some(surplus)}, for which the model of its config.json has no place: it names fewer "
            "layers, or another architecture, than the weights are of."
        )


def _used(whole: PreTrainedModel, model: PreTrainedModel, names: Iterable[str]) -> list[str]:
    """Return which of these tensors of `whole` the forward pass of `model` uses, which may be a part of it.

    Heads are not used, such as a pooler, which no hidden state depends on. What stands in a list of layers counts as
    used always: an expert may have had nothing to do with three tokens.
    """
    run = {id(tensor) for tensor in (*model.parameters(), *model.buffers())}
    tensors = {
        **dict(whole.named_parameters(remove_duplicate=False)),
        **dict(whole.named_buffers(remove_duplicate=False)),
    }
    here = {name: tensors[name] for name in sorted(names) if id(tensors.get(name)) in run}
    asked = {name: tensor for name, tensor in here.items() if isinstance(tensor, nn.Parameter) and not _in_a_list(name)}
    is_used = dict.fromkeys(here, True)
    if asked:
        for tensor in asked.values():
            tensor.requires_grad_(True)
        output = _run(model)
        total = sum(state.float().sum() for state in (output.last_hidden_state, *(output.hidden_states or ())))
        gradients: tuple = (None,) * len(asked)
        if total.requires_grad:
            gradients = torch.autograd.grad(total, list(asked.values()), allow_unused=True)
        is_used |= {name: gradient is not None for name, gradient in zip(asked, gradients, strict=True)}
        for tensor in asked.values():
            tensor.requires_grad_(False)
    return [name for name, used in is_used.items() if used]


def _in_a_list(name: str) -> bool:
    return _IN_A_LIST.search(name) is not None


def _is_inside(name: str, whole: PreTrainedModel, model: PreTrainedModel) -> bool:
    """Whether a tensor that the model does not have would stand among its layers or embeddings, and not in a head."""
    run = {id(tensor) for tensor in model.parameters()}
    parts = {
        child
        for child, module in whole.named_children()
        if any(id(tensor) in run for tensor in module.parameters()) and "pooler" not in child
    }
    first, *rest = name.split(".")
    if first not in parts and first in (getattr(whole, "base_model_prefix", ""), "model", "transformer"):
        first = rest[0] if rest else first
    return first in parts


def _some(names: list[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return f"{len(names)} tensor(s): {', '.join(names[:_SHOWN])}{more}"


@contextlib.contextmanager
def _quiet_transformers() -> Iterator[None]:
    """Keep loading quiet: what its report says is looked at here."""
    level, bar = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(level)
        if bar:
            logging.enable_progress_bar()

"""sentence-transformers' files, key by key: what is read, what changes no vector, and what is not supported.

The tables follow its release 6.2, which reads those of all releases before it. A key that is not here is an error, and
so is a value that is not supported: every function raises `CheckpointError` then.
"""

import os
from pathlib import Path
from typing import Any

from ..._utils._messages import shorten
from ...exceptions import CheckpointError
from ._folder import Checkpoint
from ._json_file import (
    Key,
    count,
    flag,
    load_object,
    only,
    optional_count,
    optional_text,
    read_keys,
    text,
    without_effect,
)

# The names of sentence-transformers, and ours.
POOLING_OF_MODE = {
    "cls": "cls",
    "max": "max",
    "mean": "mean",
    "mean_sqrt_len_tokens": "mean_sqrt_len",
    "weightedmean": "weighted_mean",
    "lasttoken": "last",
}
# The order in which sentence-transformers concatenates poolings that are switched on by their own flags.
_POOLING_FLAGS = {
    "pooling_mode_cls_token": "cls",
    "pooling_mode_max_tokens": "max",
    "pooling_mode_mean_tokens": "mean",
    "pooling_mode_mean_sqrt_len_tokens": "mean_sqrt_len_tokens",
    "pooling_mode_weightedmean_tokens": "weightedmean",
    "pooling_mode_lasttoken": "lasttoken",
}
# The first of these that says something is the one that is read.
_TRANSFORMER_FILES = (
    "sentence_bert_config.json",
    *(
        f"sentence_{name}_config.json"
        for name in ("roberta", "distilbert", "camembert", "albert", "xlm-roberta", "xlnet")
    ),
)
_VECTOR = "sentence_embedding"  # sentence-transformers' name of what a pooling gives
_TOKENS = "token_embeddings"
_NO_LIMIT = 1 << 30
# A text may go through the model in no other way than this.
_PLAIN = [
    {"text": {"method": "forward", "method_output_name": name}} for name in ("last_hidden_state", ["last_hidden_state"])
]


def _arguments(**harmless: Any) -> Key:
    """Return a key that holds arguments for transformers: empty but for some that change no vector."""

    def accepts(value: object) -> bool:
        return value is None or (
            isinstance(value, dict)
            and all(key in harmless and (harmless[key] is Any or v in harmless[key]) for key, v in value.items())
        )

    names = f"nothing but {', '.join(harmless)}" if harmless else "nothing"
    return Key(accepts, f"{names} in it (arguments of transformers are not passed on)", is_read=False)


# transformers' remote code is decided by the user, the precision by `dtype`; attention is exact in each of its forms.
_MODEL = _arguments(
    trust_remote_code=Any,
    add_pooling_layer=Any,
    torch_dtype=Any,
    dtype=Any,
    low_cpu_mem_usage=Any,
    attn_implementation=("eager", "sdpa", None),
)
_TOKENIZER = _arguments(trust_remote_code=Any, padding_side=Any, use_fast=(True,), truncation_side=("right",))
_CONFIG = _arguments(trust_remote_code=Any, use_cache=Any)

_TRANSFORMER_KEYS: dict[str, Key] = {
    "max_seq_length": optional_count(),
    "do_lower_case": flag(False),
    "model_args": _MODEL,
    "model_kwargs": _MODEL,
    "tokenizer_args": _TOKENIZER,
    "processor_kwargs": _TOKENIZER,
    "config_args": _CONFIG,
    "config_kwargs": _CONFIG,
    "transformer_task": only("feature-extraction"),
    "modality_config": only(*_PLAIN),
    "module_output_name": only(_TOKENS),
    "processing_kwargs": Key(lambda value: not value, "nothing in it (it is not passed on)", is_read=False),
    "unpad_inputs": without_effect(),  # FlashAttention's layout of a batch
    "query_length": only(None),
    "document_length": only(None),
    "query_expansion": only(None),
    "tokenizer_name_or_path": only(None),
    "cache_dir": only(None),
    "backend": without_effect(),  # what `encode` ran on when it was saved
}

_MODEL_KEYS: dict[str, Key] = {
    "prompts": Key(
        lambda value: (
            value is None
            or (isinstance(value, dict) and all(isinstance(prompt, str | None) for prompt in value.values()))
        ),
        "an object of strings",
    ),
    "default_prompt_name": optional_text(),
    "truncate_dim": optional_count(),
    "model_type": only("SentenceTransformer"),
    "requirements": Key(lambda value: not value, "nothing in it (versions are not compared)", is_read=False),
    "similarity_fn_name": without_effect(),
    "__version__": without_effect(),
}

_POOLING_KEYS: dict[str, Key] = {
    "embedding_dimension": count(None),
    "word_embedding_dimension": count(None),
    "pooling_mode": Key(
        lambda value: (
            bool(value)
            and all(
                isinstance(name, str) and name in POOLING_OF_MODE
                for name in (value if isinstance(value, list) else [value])
            )
        ),
        f"one or a list of {', '.join(POOLING_OF_MODE)}",
    ),
    "include_prompt": flag(True),
    **{name: flag(False) for name in _POOLING_FLAGS},
}

_DENSE_KEYS: dict[str, Key] = {
    "in_features": count(),
    "out_features": count(),
    "bias": flag(True),
    "activation_function": text("torch.nn.modules.activation.Tanh"),
    "module_input_name": only(_VECTOR),
    "module_output_name": only(_VECTOR, None),
    "use_residual": only(False),
}

_WITHOUT_WEIGHTS: dict[str, dict[str, Key]] = {
    "Normalize": {"module_input_name": only(_VECTOR), "module_output_name": only(_VECTOR, None)},
    "Dropout": {"dropout": without_effect()},  # it drops nothing outside of training
}

# Of transformers' own files only what is used here is looked at: the rest is for transformers to judge.
_LIMIT = Key(
    lambda value: value is None or (isinstance(value, int | float) and not isinstance(value, bool) and value >= 1),
    "a positive number",
)


def read_model_file(checkpoint: Checkpoint) -> dict[str, Any]:
    """Read ``config_sentence_transformers.json``.

    Return ``prompts``, ``default_prompt`` and ``truncate_dim``, as in `Conventions`.
    """
    file = checkpoint.folder / "config_sentence_transformers.json"
    values = read_keys(load_object(file), _MODEL_KEYS, file)
    # It has these two, empty, where the file names none.
    prompts = {name: prompt or "" for name, prompt in (values["prompts"] or {}).items()}
    default = values["default_prompt_name"]
    if default is not None and default not in {*prompts, "query", "document"}:
        raise CheckpointError(f"{file}: 'default_prompt_name' is none of its prompts ({', '.join(prompts) or 'none'}).")
    return {
        "prompts": prompts,
        "default_prompt": default if default in prompts else None,
        "truncate_dim": values["truncate_dim"],
    }


def read_transformer_file(folder: Path, is_module: bool) -> dict[str, Any]:
    """Read how the transformer in `folder` reads its texts; its own file where it is a module of sentence-transformers.

    Return ``max_length`` and ``lowercase``, as in `Conventions`.
    """
    own = {"max_seq_length": None, "do_lower_case": False}
    if is_module:
        files = [folder / name for name in _TRANSFORMER_FILES]
        file, values = next(((f, v) for f in files if (v := load_object(f))), (files[0], {}))
        own = read_keys(values, _TRANSFORMER_KEYS, file)
    limit = own["max_seq_length"]
    if limit is None:
        file = folder / "tokenizer_config.json"
        name = "model_max_length"
        known = {k: v for k, v in load_object(file).items() if k == name}
        limit = read_keys(known, {name: _LIMIT}, file)[name]
    return {"max_length": int(limit) if limit and limit < _NO_LIMIT else None, "lowercase": own["do_lower_case"]}


def read_pooling(folder: Path) -> dict[str, Any]:
    """Read a Pooling module; return ``pooling`` and ``include_prompt``, as in `Conventions`."""
    file = folder / "config.json"
    values = read_keys(_present(file), _POOLING_KEYS, file)
    if values["embedding_dimension"] is None and values["word_embedding_dimension"] is None:
        raise CheckpointError(
            f"{file}: 'embedding_dimension' is missing: the checkpoint is damaged or half downloaded."
        )
    names = values["pooling_mode"]
    if names is None:
        names = [name for flag_, name in _POOLING_FLAGS.items() if values[flag_]] or ["mean"]
    names = [names] if isinstance(names, str) else names
    return {"pooling": tuple(POOLING_OF_MODE[name] for name in names), "include_prompt": values["include_prompt"]}


def read_dense(folder: Path) -> dict[str, Any]:
    """Read a Dense module; return ``n_in``, ``n_out``, ``bias`` and ``activation``, as in `DenseLayer`."""
    file = folder / "config.json"
    values = read_keys(_present(file), _DENSE_KEYS, file)
    activation = values["activation_function"]
    if not activation.startswith("torch.nn."):
        raise CheckpointError(
            f"{file}: 'activation_function' is {shorten(activation)}; accepted are classes of torch.nn."
        )
    return {
        "n_in": values["in_features"],
        "n_out": values["out_features"],
        "bias": values["bias"],
        "activation": activation,
    }


def check_without_weights(kind: str, folder: Path) -> None:
    """Check that a Normalize module scales the pooled vector, or that a Dropout module says no more than its rate."""
    file = folder / "config.json"
    read_keys(load_object(file), _WITHOUT_WEIGHTS[kind], file)


def _present(file: Path) -> dict[str, Any]:
    if not os.path.lexists(file):
        raise CheckpointError(f"{file} is missing: the checkpoint is damaged or half downloaded.")
    return load_object(file)

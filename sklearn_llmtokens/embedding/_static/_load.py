"""Load a static checkpoint: once per process, never pickled."""

import threading
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from safetensors import SafetensorError, safe_open
from tokenizers import Tokenizer

from ..._utils._fork import at_fork
from ...exceptions import CheckpointError, FingerprintMismatchError
from .._checkpoint import Checkpoint, fingerprint
from .._spec import ForwardSpec
from .._unknown import unknown_token
from ._files import StaticFiles, read_static

# A search over models holds this many at once; the least recently used one is dropped.
MODELS_IN_MEMORY = 2


@dataclass(frozen=True, eq=False)
class LoadedStatic:
    """Vectors and vocabulary of a static checkpoint.

    Attributes
    ----------
    files : StaticFiles
        What its files say.
    table : ndarray of shape (n_rows, n_features), dtype=float32
        The vectors.
    rows : ndarray of int of shape (n_tokens,), or None
        The row of each token; None where token and row are one number.
    weights : ndarray of float32 of shape (n_tokens,), or None
        What the vector of each token is multiplied with.
    tokenizer : Tokenizer
        Without truncation and padding.
    unknown : int or None
        Token id of what the vocabulary lacks, if it has one.
    median_length : int
        Median of the lengths of the tokens in characters.
    """

    files: StaticFiles
    table: np.ndarray
    rows: np.ndarray | None
    weights: np.ndarray | None
    tokenizer: Tokenizer
    unknown: int | None
    median_length: int

    def take(self, token_ids: np.ndarray) -> np.ndarray:
        """Return the vectors of tokens: (n_tokens, n_features)."""
        vectors = self.table[token_ids if self.rows is None else self.rows[token_ids]]
        return vectors if self.weights is None else vectors * self.weights[token_ids, np.newaxis]


class _Loaded:
    """The static checkpoints of this process."""

    fork_order = 0

    def __init__(self) -> None:
        self.by_fingerprint: OrderedDict[str, LoadedStatic] = OrderedDict()
        self.lock = threading.Lock()
        at_fork(self)

    def before_fork(self) -> None:
        self.lock.acquire()

    def after_fork_in_parent(self) -> None:
        self.lock.release()

    def after_fork_in_child(self) -> None:
        self.lock = threading.Lock()


_loaded = _Loaded()


def load_static(spec: ForwardSpec) -> LoadedStatic:
    """Return the static checkpoint of a specification, loaded at the first call in this process.

    Parameters
    ----------
    spec : ForwardSpec
        Names the checkpoint.

    Returns
    -------
    LoadedStatic
        Shared by every caller in this process.

    Raises
    ------
    CheckpointError
        If it cannot be read.
    FingerprintMismatchError
        If another checkpoint lies there, as it may on another machine.
    """
    with _loaded.lock:
        known = _loaded.by_fingerprint
        if spec.fingerprint not in known:
            known[spec.fingerprint] = _load(spec)
            while len(known) > MODELS_IN_MEMORY:
                known.popitem(last=False)
        known.move_to_end(spec.fingerprint)
        return known[spec.fingerprint]


def _load(spec: ForwardSpec) -> LoadedStatic:
    checkpoint = Checkpoint(Path(spec.folder), spec.folder, None)
    found = fingerprint(checkpoint, code=spec.trust_remote_code)
    if found != spec.fingerprint:
        raise FingerprintMismatchError(
            f"{spec.folder} has fingerprint {found} on this machine, and {spec.fingerprint} is asked for: put the same "
            "checkpoint there."
        )
    files = read_static(checkpoint)
    tokenizer = _read_tokenizer(checkpoint, files.tokenizer)
    tokens = tokenizer.get_vocab()
    n_tokens = max(tokens.values(), default=-1) + 1
    table, rows, weights = _read_tensors(checkpoint, files)
    sizes = {"a row": len(table)} if rows is None else {"a mapping": len(rows)}
    if weights is not None:
        sizes["a weight"] = len(weights)
    for what, size in sizes.items():
        if size < n_tokens:
            raise CheckpointError(
                f"{checkpoint}: its tokenizer has {n_tokens} tokens, and {files.weights} {what} for {size} of them."
            )
    return LoadedStatic(
        files=files,
        table=table,
        rows=rows,
        weights=weights,
        tokenizer=tokenizer,
        unknown=unknown_token(tokenizer),
        median_length=int(np.median([len(token) for token in tokens])) if tokens else 1,
    )


def _read_tokenizer(checkpoint: Checkpoint, file: Path) -> Tokenizer:
    try:
        tokenizer = Tokenizer.from_file(str(file))
    except Exception as error:  # what tokenizers raises for a damaged file is an Exception and nothing narrower
        raise CheckpointError(f"{checkpoint}: its tokenizer ({file}) cannot be read ({error}).") from error
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


def _read_tensors(
    checkpoint: Checkpoint, files: StaticFiles
) -> tuple[np.ndarray, np.ndarray | None, np.ndarray | None]:
    """Read the table, and the row and the weight of each token where there are any."""
    try:
        with safe_open(files.weights, "np") as tensors:
            names = set(tensors.keys()) if files.tensor == "embeddings" else set()
            table = tensors.get_tensor(files.tensor).astype(np.float32)
            rows = tensors.get_tensor("mapping") if "mapping" in names else None
            weights = tensors.get_tensor("weights") if "weights" in names else None
    except (SafetensorError, OSError) as error:
        raise CheckpointError(f"{checkpoint}: {files.weights} cannot be read ({error}). Get it again.") from error
    if rows is not None:
        is_row = rows.ndim == 1 and np.issubdtype(rows.dtype, np.integer)
        if not is_row or (len(rows) and (rows.min() < 0 or rows.max() >= len(table))):
            raise CheckpointError(
                f"{checkpoint}: 'mapping' in {files.weights} names rows that the {len(table)} vectors do not have."
            )
        rows = rows.astype(np.int64)
    if weights is not None:
        if weights.ndim != 1 or not np.issubdtype(weights.dtype, np.number):
            raise CheckpointError(f"{checkpoint}: 'weights' in {files.weights} are no list of numbers.")
        weights = weights.astype(np.float32)
    return table, rows, weights

"""The tokenizer of a checkpoint, and what it puts around a text."""

from dataclasses import dataclass

from tokenizers import Tokenizer, normalizers
from transformers import AutoTokenizer

from ...exceptions import CheckpointError
from .._checkpoint import Checkpoint
from .._spec import ForwardSpec
from .._unknown import unknown_token

_PROBES = ("a b", "的", "1")  # a vocabulary of one script alone may know only one of them


@dataclass(frozen=True)
class TextTokenizer:
    """A checkpoint's tokenizer, with what it puts around a text.

    Attributes
    ----------
    backend : tokenizers.Tokenizer
        Without truncation and padding.
    prefix, suffix : tuple of int
        Special tokens before and after a text.
    filler : int or None
        Beginning or end token, for a text that has no tokens at all.
    pad : int
        Token id of padding.
    unknown : int or None
        Token id of what the vocabulary lacks, if it has one.
    keep_end : bool
        Whether truncation drops the beginning.
    """

    backend: Tokenizer
    prefix: tuple[int, ...]
    suffix: tuple[int, ...]
    filler: int | None
    pad: int
    unknown: int | None
    keep_end: bool

    @property
    def n_special(self) -> int:
        return len(self.prefix) + len(self.suffix)


def load_tokenizer(checkpoint: Checkpoint, spec: ForwardSpec) -> TextTokenizer:
    """Load the tokenizer of a checkpoint.

    Parameters
    ----------
    checkpoint : Checkpoint
        The checkpoint.
    spec : ForwardSpec
        Says whether texts are put into lower case, and whether code of the checkpoint may run.

    Returns
    -------
    TextTokenizer
        Ready to use.

    Raises
    ------
    CheckpointError
        If it cannot be read, has no fast implementation, or puts special tokens inside a text.
    """
    try:
        tokenizer = AutoTokenizer.from_pretrained(
            checkpoint.transformer_folder, local_files_only=True, trust_remote_code=spec.trust_remote_code
        )
        backend = tokenizer.backend_tokenizer
    except Exception as error:  # what tokenizers raises for a damaged file is an Exception and nothing narrower
        raise CheckpointError(
            f"{checkpoint}: its tokenizer (tokenizer_config.json, tokenizer.json) cannot be read, or has no fast form "
            f"({error})."
        ) from error
    backend.no_truncation()
    backend.no_padding()
    if spec.lowercase:
        steps = [normalizers.Lowercase()] + ([backend.normalizer] if backend.normalizer is not None else [])
        backend.normalizer = normalizers.Sequence(steps)
    prefix, suffix = _special_tokens(backend, checkpoint)
    fillers = (tokenizer.bos_token_id, tokenizer.eos_token_id)
    return TextTokenizer(
        backend=backend,
        prefix=prefix,
        suffix=suffix,
        filler=next((token for token in fillers if token is not None), None),
        pad=tokenizer.pad_token_id or 0,
        unknown=unknown_token(backend),
        keep_end=tokenizer.truncation_side == "left",
    )


def _special_tokens(backend: Tokenizer, checkpoint: Checkpoint) -> tuple[tuple[int, ...], tuple[int, ...]]:
    probe = next((p for p in _PROBES if backend.encode(p, add_special_tokens=False).ids), "")
    bare = backend.encode(probe, add_special_tokens=False).ids
    whole = backend.encode(probe, add_special_tokens=True).ids
    for at in range(len(whole) - len(bare) + 1):
        if whole[at : at + len(bare)] == bare:
            return tuple(whole[:at]), tuple(whole[at + len(bare) :])
    raise CheckpointError(f"{checkpoint}: its tokenizer puts special tokens inside a text, which is not supported.")

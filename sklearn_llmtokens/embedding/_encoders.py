"""Which encoder runs a checkpoint: the one of transformers, or that of static vectors, which needs no torch."""

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from ._checkpoint import Checkpoint
from ._spec import ForwardSpec

if TYPE_CHECKING:
    from ._static import StaticEncoder
    from ._torch import Encoder


def load_encoder(forward: ForwardSpec, device: str, batch_tokens: int | str = "auto") -> "Encoder | StaticEncoder":
    """Return the encoder of a specification; the weights are loaded at the first call in this process.

    Parameters
    ----------
    forward : ForwardSpec
        Names the checkpoint and the precision.
    device : str
        A torch device, or "auto".
    batch_tokens : int or "auto", default="auto"
        Most tokens of a batch of a transformer.

    Returns
    -------
    Encoder or StaticEncoder
        With ``encode``, ``encode_tokens`` and ``count_tokens``.
    """
    if _is_static(forward.folder, forward.fingerprint):
        from ._static import StaticEncoder

        return StaticEncoder.load(forward)
    from ._torch import Encoder

    return Encoder.load(forward, device, batch_tokens)


@lru_cache(maxsize=64)
def _is_static(folder: str, fingerprint: str) -> bool:
    """Return the kind of a checkpoint, which its fingerprint holds: its files are read once in a process."""
    return Checkpoint(Path(folder), folder, None).is_static

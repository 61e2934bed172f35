"""The estimated cost of a search."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Receipt:
    """What `precompute` would do.

    Parameters
    ----------
    n_texts : int
        Distinct texts that the search asks for, counted once for each different (checkpoint, prompt, limits) in it.
    n_encoded : int
        How many of them go through the model: what the store has already does not.
    n_tokens : int
        Tokens of these, special tokens and prompts included.
    n_passes : int
        Different ways through the model: one a prompt, whatever the number of layers, poolings and normalisations.
    seconds : float
        Predicted time on this machine, in its present state.
    bytes : int
        What the store will grow by.
    """

    n_texts: int
    n_encoded: int
    n_tokens: int
    n_passes: int
    seconds: float
    bytes: int

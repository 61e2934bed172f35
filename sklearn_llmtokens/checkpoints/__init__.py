"""Bundled checkpoints: ordinary transformers folders, found by name."""

from pathlib import Path

__all__ = ["BUNDLED_CHECKPOINTS", "bundled_checkpoint"]

BUNDLED_CHECKPOINTS = ("zh-mini", "zh-nano")


def bundled_checkpoint(name):
    """Return the folder of a checkpoint that travels with the package.

    Parameters
    ----------
    name : str
        One of `BUNDLED_CHECKPOINTS`.

    Returns
    -------
    pathlib.Path
        Holds the configuration, weights, tokenizer and conventions.

    Raises
    ------
    ValueError
        When no bundled checkpoint has that name.

    Examples
    --------
    >>> from sklearn_llmtokens.checkpoints import bundled_checkpoint
    >>> bundled_checkpoint("zh-mini").name
    'zh-mini'
    """
    if name not in BUNDLED_CHECKPOINTS:
        raise ValueError(
            f"no bundled checkpoint is named {name!r}; there is {', '.join(map(repr, BUNDLED_CHECKPOINTS))}"
        )
    return Path(__file__).parent / name

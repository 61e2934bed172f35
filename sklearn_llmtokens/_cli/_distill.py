"""The command ``distill``: a static checkpoint from a model and a file of texts."""

import argparse
import sys

from ._errors import before_any_work


def run_distill(options: argparse.Namespace) -> None:
    """Read the texts and distil the model.

    Parameters
    ----------
    options : Namespace
        Of the parser.

    Raises
    ------
    UsageError
        If the texts or the options are refused.
    """
    from .._recipes import distill
    from ..embedding import LLMTokenEmbedder

    with before_any_work(), open(options.src, encoding="utf-8") as file:
        texts = [line for line in map(str.strip, file) if line]
    embedder = LLMTokenEmbedder(options.model, dtype=options.dtype, cache=options.cache, n_jobs=options.n_jobs)
    distill(
        embedder,
        texts,
        options.dst,
        n_tokens=options.n_tokens,
        n_components=options.n_components,
        dtype=options.output_dtype,
        verbose=not options.quiet,
    )
    if not options.quiet:
        print(f"A static checkpoint is in {options.dst}; its README.md has the figures.", file=sys.stderr)

"""The command ``distill``: a static checkpoint from a model and a file of texts."""

import argparse
import sys
from pathlib import Path

from ._errors import UsageError, before_any_work

_TABLES = (".csv", ".tsv", ".jsonl", ".ndjson", ".json", ".parquet", ".xlsx")


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

    with before_any_work():
        texts = _read_lines(options.src)
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


def _read_lines(src: str) -> list[str]:
    """Return the lines of a text file that are not blank."""
    if src.lower().endswith(_TABLES):
        raise UsageError(
            f"SRC={src!r} is a table: write its column of texts into a file of one text per line, in UTF-8."
        )
    try:
        lines = Path(src).read_text(encoding="utf-8-sig").split("\n")  # a text may have other separators inside
    except UnicodeDecodeError:
        raise UsageError(f"{src} is not UTF-8: convert it, as in iconv -f GB18030 -t UTF-8 {src} > new.txt") from None
    return [line.strip() for line in lines if line.strip()]

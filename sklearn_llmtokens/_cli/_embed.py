"""The command ``embed``: which files are read and written, all of it looked at before a model is."""

import argparse
import os
import shutil
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from .._utils._messages import shorten
from ._errors import UsageError, before_any_work
from ._formats import COMPRESSED, format_of

if TYPE_CHECKING:
    from ..embedding._parquet_plan import Plan

_OTHER_FORMATS = {".csv", ".tsv", ".json", ".jsonl", ".ndjson", ".txt", ".npz", ".feather", ".arrow", ".xlsx"}

_NOTHING_KEPT = "nothing is kept of what goes to standard output: name a file as DST to go on after an interrupt."


def run_embed(options: argparse.Namespace) -> None:
    """Embed the texts of files.

    Parameters
    ----------
    options : Namespace
        Of the parser.

    Raises
    ------
    UsageError
        If files, columns or options are refused; no model has been loaded.
    """
    with ExitStack() as stack:
        with before_any_work():
            dst = _target(options, stack)
            plan = _plan(options, dst, stack)
            embedder = _embedder(options).fit([""])  # a fit reads no text
            embedder.cache_info()  # a cache that cannot be used is refused now
            run = plan.fit(embedder)
        paths = run()
        if options.dst == "-":
            with open(paths[0], "rb") as file:
                shutil.copyfileobj(file, sys.stdout.buffer)
            sys.stdout.buffer.flush()
        if not options.quiet:
            where = "standard output" if options.dst == "-" else options.dst
            parts = f"{len(paths)} file(s) in " if dst.suffix == "" or dst.is_dir() else ""
            print(f"{plan.n_rows:,} rows in {parts}{where}", file=sys.stderr)


def _target(options: argparse.Namespace, stack: ExitStack) -> Path:
    """Return the file or folder to write, and settle ``options.output_format``."""
    if options.dst == "-":
        if sys.stdout.isatty():
            raise UsageError("DST is -, and standard output is a terminal: redirect it, or name a file.")
        options.after_interrupt = _NOTHING_KEPT
        kind = "parquet" if options.output_format == "auto" else options.output_format
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="sklearn-llmtokens-"))
        dst = Path(folder) / f"stdout.{kind}"
    else:
        dst = Path(options.dst).expanduser()
        is_file = not dst.is_dir() and dst.suffix in (".parquet", ".npy")
        kind = dst.suffix[1:] if is_file else "folder"
        if kind == "folder" and not dst.is_dir() and dst.suffix.lower() in _OTHER_FORMATS:
            raise UsageError(f"DST={options.dst!r}: vectors are written as .parquet or .npy, or into a folder.")
        _check_place(dst)
        if kind == "folder" and dst.exists() and not dst.is_dir():
            raise UsageError(f"DST={options.dst!r} is a file: name a folder, or a file that ends in .parquet or .npy.")
        wanted = {"auto": kind, "parquet": "parquet" if kind != "folder" else kind}.get(options.output_format, "npy")
        if wanted != kind:
            raise UsageError(f"--output-format {options.output_format} and DST={options.dst!r} do not agree.")
    if kind == "npy" and (len(options.text_columns) > 1 or options.columns is not None):
        raise UsageError("A .npy file has the vectors of one column: write .parquet for several, or for --columns.")
    if kind != "folder" and options.shard[1] > 1:
        raise UsageError("--shard shares the files of a folder among processes: name a folder as DST.")
    if kind == "npy":
        options.columns = []
    options.output_format = kind
    return dst


def _check_place(dst: Path) -> None:
    """Make sure that files can be made where DST is, or where its folder will be."""
    folder = next(parent for parent in dst.absolute().parents if parent.exists())
    if not folder.is_dir() or not os.access(folder, os.W_OK):
        raise UsageError(f"DST={str(dst)!r}: {folder} is no folder to which files can be written.")


def _plan(options: argparse.Namespace, dst: Path, stack: ExitStack) -> "Plan":
    """Look at the source and its columns."""
    src, is_folder = options.src, options.output_format == "folder"
    is_address = "://" in src
    if src != "-" and not is_address and not os.path.exists(src):
        raise UsageError(f"SRC={src!r}: there is no such file or folder.")
    if not is_folder and (is_address or os.path.isdir(src)):
        raise UsageError(f"SRC={shorten(src)} may be several files: name a folder as DST.")
    from .._utils._optional import require

    require("pyarrow", extra="frames", purpose="The command embed")
    from ..embedding._parquet_plan import plan_files, plan_table, read_request
    from ._staging import stage

    request = read_request(
        options.text_columns,
        options.columns,
        options.suffix,
        options.output_dtype,
        options.batch_rows,
        options.part_rows,
        options.shard,
        not options.quiet,
    )
    if is_address or os.path.isdir(src):
        return plan_files(src, dst, request)
    kind = format_of(src, options.input_format)
    if kind == "parquet" and src != "-" and Path(src).suffix.lower() not in COMPRESSED:
        return plan_files(src, dst, request) if is_folder else plan_table(src, src, None, dst, request)
    folder = dst if is_folder else dst.parent
    folder.mkdir(parents=True, exist_ok=True)
    staged = stage(options, kind, folder, stack)
    return plan_table(staged.file, staged.name, staged.identity, dst, request)


def _embedder(options: argparse.Namespace):
    from ..embedding import LLMTokenEmbedder

    pooling, layer = tuple(options.pooling), tuple(options.layer)
    return LLMTokenEmbedder(
        options.model,
        pooling=pooling if len(pooling) > 1 else pooling[0],
        layer=layer if len(layer) > 1 else layer[0],
        prompt=options.prompt or None,
        max_length=options.max_length,
        long_text=options.long_text,
        normalize={"auto": "auto", "true": True, "false": False}[options.normalize],
        truncate_dim=options.truncate_dim,
        missing=options.missing,
        dtype=options.dtype,
        device=options.device,
        cache=options.cache,
        n_jobs=options.n_jobs,
        batch_tokens=options.batch_tokens,
        trust_remote_code=options.trust_remote_code,
    )

"""The console command ``sklearn-llmtokens``: embed the texts of Parquet files, and distil static checkpoints."""

import argparse
import re
import sys
from collections.abc import Sequence

from ._utils._messages import shorten


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command.

    Parameters
    ----------
    arguments : sequence of str, optional
        Arguments of the command. None reads those of the shell.

    Returns
    -------
    int
        0, or 1 where an error message was printed.
    """
    options = _parser().parse_args(arguments)
    try:
        return options.run(options)
    except (OSError, ValueError, TypeError, KeyError, ImportError, MemoryError, FloatingPointError) as error:
        message = error.args[0] if isinstance(error, KeyError) else error
        print("\n".join([f"sklearn-llmtokens: {message}", *getattr(error, "__notes__", [])]), file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("sklearn-llmtokens: interrupted; the same command does the rest.", file=sys.stderr)
        return 130


def _embed(options: argparse.Namespace) -> int:
    from .embedding import LLMTokenEmbedder, embed_parquet

    embedder = LLMTokenEmbedder(
        options.model,
        pooling=options.pooling,
        prompt=options.prompt or None,
        max_length=options.max_length,
        long_text=options.long_text,
        missing=options.missing,
        dtype=options.precision,
        device=options.device,
        cache=options.cache or None,
        n_jobs=options.n_jobs,
        batch_tokens=options.batch_tokens,
    )
    parts = embed_parquet(
        options.src,
        options.dst,
        text_columns=options.text_columns,
        embedder=embedder,
        columns=options.columns,
        suffix=options.suffix,
        dtype=options.dtype,
        batch_rows=options.batch_rows,
        part_rows=options.part_rows,
        shard=options.shard,
        verbose=not options.quiet,
    )
    print(f"{len(parts)} part(s) in {options.dst}")
    return 0


def _distill(options: argparse.Namespace) -> int:
    from ._recipes import distill
    from .embedding import LLMTokenEmbedder

    embedder = LLMTokenEmbedder(
        options.model, dtype=options.precision, cache=options.cache or None, n_jobs=options.n_jobs
    )
    with open(options.src, encoding="utf-8") as file:
        texts = [line for line in map(str.strip, file) if line]
    distill(
        embedder,
        texts,
        options.dst,
        n_tokens=options.n_tokens,
        n_components=options.n_components,
        dtype=options.dtype,
        verbose=not options.quiet,
    )
    print(f"A static checkpoint is in {options.dst}; its README.md has the figures")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="sklearn-llmtokens", description="Sentence embeddings from Hugging Face models."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    embed = commands.add_parser(
        "embed",
        help="embed the text columns of Parquet files",
        description="Embed the text columns of Parquet files. The same command once more does what is left to do.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    embed.set_defaults(run=_embed)
    embed.add_argument("src", help="a Parquet file, or a folder of them")
    embed.add_argument("dst", help="the folder that gets the parts")
    embed.add_argument("--text-columns", nargs="+", default=["text"], metavar="NAME", help="the columns of text")
    embed.add_argument("--columns", nargs="*", metavar="NAME", help="the columns that are kept; all if not given")
    embed.add_argument("--suffix", default="_vector", help="ends the names of the columns of vectors")
    embed.add_argument("--dtype", choices=["float32", "float16"], default="float32", help="type of the vectors")
    embed.add_argument("--batch-rows", type=_integer, default=8192, metavar="N", help="rows in memory at once")
    embed.add_argument("--part-rows", type=_integer, default=131_072, metavar="N", help="most rows of a part")
    embed.add_argument(
        "--shard", type=_shard, default=(0, 1), metavar="I/N", help="every N-th part, from the I-th (0/N to N-1/N)"
    )
    embed.add_argument("--quiet", action="store_true", help="show no progress bar")
    model = embed.add_argument_group("model", "as the parameters of LLMTokenEmbedder")
    model.add_argument("--model", default="zh-mini", help="the bundled checkpoint, a folder or a Hub id")
    model.add_argument("--pooling", default="auto")
    model.add_argument("--prompt", default="auto", help="a prompt; an empty one is the bare text")
    model.add_argument("--max-length", type=_integer, metavar="N", help="most tokens of a text")
    model.add_argument("--long-text", choices=["truncate", "chunk", "error"], default="truncate")
    model.add_argument("--missing", choices=["error", "zero"], default="error")
    model.add_argument("--precision", choices=["auto", "float32", "bfloat16", "float16", "int8"], default="auto")
    model.add_argument("--device", default="auto", help="a torch device")
    model.add_argument("--cache", default="memory", help="'memory', or a folder; an empty one is none")
    model.add_argument("--n-jobs", type=_integer, metavar="N", help="processes that run the model")
    model.add_argument("--batch-tokens", type=_count_or_auto, default="auto", metavar="N", help="tokens of a batch")
    _add_distill(commands)
    return parser


def _add_distill(commands) -> None:
    distill = commands.add_parser(
        "distill",
        help="make a static checkpoint from a model and texts",
        description="Distil a model into one vector per token, as sklearn_llmtokens.distill does.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    distill.set_defaults(run=_distill)
    distill.add_argument("src", help="a file with one text per line")
    distill.add_argument("dst", help="the new folder that gets the checkpoint")
    distill.add_argument("--model", default="zh-mini", help="the teacher: a bundled checkpoint, a folder or a Hub id")
    distill.add_argument("--n-tokens", type=_integer, default=30_000, metavar="N", help="most tokens of the vocabulary")
    distill.add_argument(
        "--n-components", type=_integer, metavar="N", help="features; as many as the teacher if absent"
    )
    distill.add_argument("--dtype", choices=["float16", "int8", "float32"], default="float16", help="how it is stored")
    distill.add_argument("--precision", choices=["auto", "float32", "bfloat16", "float16", "int8"], default="auto")
    distill.add_argument("--cache", default="memory", help="'memory', or a folder; an empty one is none")
    distill.add_argument("--n-jobs", type=_integer, metavar="N", help="processes that run the teacher")
    distill.add_argument("--quiet", action="store_true", help="show no progress bar")


def _shard(text: str) -> tuple[int, int]:
    """Read ``"3/16"``.

    Examples
    --------
    >>> _shard("3/16")
    (3, 16)
    """
    match = re.fullmatch(r"([0-9]{1,9})/([0-9]{1,9})", text)
    if not match or int(match[1]) >= int(match[2]):
        raise argparse.ArgumentTypeError(f"{shorten(text)} is not I/N with I from 0 to N-1, such as 3/16")
    return int(match[1]), int(match[2])


def _integer(text: str) -> int:
    """Read a whole number in the digits 0 to 9; ``int`` reads other digits and underscores as well.

    Examples
    --------
    >>> _integer("-1")
    -1
    """
    if not re.fullmatch(r"-?[0-9]{1,18}", text):
        raise argparse.ArgumentTypeError(f"{shorten(text)} is not a whole number, such as 8")
    return int(text)


def _count_or_auto(text: str) -> int | str:
    return text if text == "auto" else _integer(text)

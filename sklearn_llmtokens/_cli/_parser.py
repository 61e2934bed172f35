"""The options of the command, named as the parameters of `LLMTokenEmbedder` and of the functions behind them."""

import argparse
import re

from .._utils._messages import shorten
from ._distill import after_distill, run_distill
from ._embed import after_embed, run_embed

_EXAMPLES = """
examples:
  a CSV file to one file of vectors and all its columns
    sklearn-llmtokens embed reviews.csv vectors.parquet --text-columns text

  vectors alone, for NumPy
    sklearn-llmtokens embed reviews.jsonl vectors.npy --output-dtype float16

  a folder of Parquet files to parts, by two processes
    sklearn-llmtokens embed reviews/ vectors/ --shard 0/2 &
    sklearn-llmtokens embed reviews/ vectors/ --shard 1/2

  in a pipe, with another model and layer
    zcat reviews.csv.gz | sklearn-llmtokens embed - - --model ./bge --layer -2 > vectors.parquet

An interrupt (Ctrl-C), SIGTERM or a kill keeps the work up to some seconds: the same command goes on from there.
exit status: 0 done, 1 failed during the work, 2 refused before it, 130 after SIGINT, 143 after SIGTERM
"""
_DISTILL_EXAMPLES = """
example:
  sklearn-llmtokens distill texts.txt my-model --model zh-mini --n-components 256
"""


class _Formatter(argparse.RawDescriptionHelpFormatter, argparse.ArgumentDefaultsHelpFormatter):
    """Examples as they are typed, and the default behind each option that has one."""

    def _get_help_string(self, action):
        if isinstance(action.default, list):
            return f"{action.help} (default: {' '.join(map(str, action.default))})"
        if action.default is None or action.default is False or isinstance(action.default, tuple):
            return action.help
        return super()._get_help_string(action)


def make_parser() -> argparse.ArgumentParser:
    """Return the parser of the command line.

    Returns
    -------
    ArgumentParser
        Its result has ``run`` and ``after_interrupt``.
    """
    parser = argparse.ArgumentParser(
        prog="sklearn-llmtokens", description="Sentence embeddings from Hugging Face models."
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_embed(commands)
    _add_distill(commands)
    return parser


def _add_embed(commands) -> None:
    embed = commands.add_parser(
        "embed",
        help="embed the texts of CSV, JSON-lines and Parquet files",
        description="Embed the text columns of CSV, JSON-lines and Parquet files.",
        epilog=_EXAMPLES,
        formatter_class=_Formatter,
        usage="%(prog)s SRC DST [options]",
    )
    embed.set_defaults(run=run_embed, after_interrupt=after_embed)
    embed.add_argument(
        "src",
        metavar="SRC",
        help="a CSV, TSV, JSON-lines or Parquet file, which may be compressed (.gz, .bz2, .xz, .zst); a folder of "
        "Parquet files; or - for standard input",
    )
    embed.add_argument(
        "dst",
        metavar="DST",
        help="a name that ends in .parquet or .npy; a folder, which gets Parquet files of --part-rows; or - for "
        "standard output",
    )
    source = embed.add_argument_group("input")
    source.add_argument(
        "--input-format",
        choices=["auto", "csv", "tsv", "jsonl", "parquet"],
        default="auto",
        help="auto goes by the name, and by the first bytes of standard input",
    )
    source.add_argument(
        "--text-columns", nargs="+", default=["text"], metavar="NAME", help="the columns of text; each is embedded"
    )
    source.add_argument("--delimiter", type=_delimiter, metavar="CHARACTER", help="between the fields of a CSV file")
    source.add_argument(
        "--missing",
        choices=["error", "zero"],
        default="error",
        help="a missing text (null, or an empty field of CSV) is an error, or a row of zeros",
    )
    source.add_argument("--batch-rows", type=_integer, default=8192, metavar="N", help="most rows in memory at once")
    output = embed.add_argument_group("output")
    output.add_argument(
        "--output-format",
        choices=["auto", "parquet", "npy"],
        default="auto",
        help="auto goes by the name; Parquet for a folder and standard output",
    )
    output.add_argument(
        "--output-dtype", choices=["float32", "float16"], default="float32", help="type of the vectors in the file"
    )
    output.add_argument("--columns", nargs="*", metavar="NAME", help="the columns that are kept; all if not given")
    output.add_argument("--suffix", default="_vector", help="ends the names of the columns of vectors")
    output.add_argument("--part-rows", type=_integer, default=131_072, metavar="N", help="most rows of a file")
    output.add_argument(
        "--shard",
        type=_shard,
        default=(0, 1),
        metavar="I/N",
        help="every N-th file of a folder, from the I-th on; I is 0 to N-1",
    )
    model = embed.add_argument_group("model", "as the parameters of LLMTokenEmbedder")
    _add_model(model, "the bundled checkpoint, a folder or a Hub id")
    model.add_argument(
        "--pooling", nargs="+", default=["auto"], metavar="NAME", choices=_POOLINGS, help="; ".join(_POOLINGS)
    )
    model.add_argument(
        "--layer", nargs="+", type=_integer, default=[-1], metavar="N", help="hidden state; several are averaged"
    )
    model.add_argument("--prompt", default="auto", help="a prompt; an empty one is the bare text")
    model.add_argument("--max-length", type=_integer, metavar="N", help="most tokens of a text")
    model.add_argument("--long-text", choices=["truncate", "chunk", "error"], default="truncate")
    model.add_argument(
        "--normalize", choices=["auto", "true", "false"], default="auto", help="whether rows have unit length"
    )
    model.add_argument("--truncate-dim", type=_integer, metavar="N", help="keep this many leading features")
    model.add_argument("--trust-remote-code", action="store_true", help="whether Python code of the checkpoint may run")
    resources = embed.add_argument_group("resources", "they change the speed, not the vectors")
    resources.add_argument("--device", default="auto", help="a torch device")
    _add_resources(resources)
    resources.add_argument("--batch-tokens", type=_count_or_auto, default="auto", metavar="N", help="tokens of a batch")
    _add_quiet(embed)


def _add_distill(commands) -> None:
    distill = commands.add_parser(
        "distill",
        help="make a static checkpoint from a model and texts",
        description="Distil a model into one vector per token, as sklearn_llmtokens.distill does.",
        epilog=_DISTILL_EXAMPLES,
        formatter_class=_Formatter,
        usage="%(prog)s SRC DST [options]",
    )
    distill.set_defaults(run=run_distill, after_interrupt=after_distill)
    distill.add_argument("src", metavar="SRC", help="a file with one text per line")
    distill.add_argument("dst", metavar="DST", help="the new folder that gets the checkpoint")
    output = distill.add_argument_group("output")
    output.add_argument("--n-tokens", type=_integer, default=30_000, metavar="N", help="most tokens of the vocabulary")
    output.add_argument("--n-components", type=_integer, metavar="N", help="features; as many as the teacher if absent")
    output.add_argument(
        "--output-dtype", choices=["float16", "int8", "float32"], default="float16", help="type of the stored vectors"
    )
    model = distill.add_argument_group("model", "as the parameters of LLMTokenEmbedder")
    _add_model(model, "the teacher: a bundled checkpoint, a folder or a Hub id")
    _add_resources(distill.add_argument_group("resources"))
    _add_quiet(distill)


def _add_model(group, help_of_model: str) -> None:
    group.add_argument("--model", default="zh-mini", help=help_of_model)
    group.add_argument(
        "--dtype",
        choices=["auto", "float32", "bfloat16", "float16", "int8"],
        default="auto",
        help="precision of the model",
    )


def _add_resources(group) -> None:
    group.add_argument("--n-jobs", type=_integer, metavar="N", help="processes that run the model")
    group.add_argument(
        "--cache",
        type=_cache,
        default="memory",
        metavar="FOLDER",
        help="where vectors are kept for later runs: a folder, 'memory' or 'none'",
    )


def _add_quiet(parser) -> None:
    parser.add_argument("--quiet", action="store_true", help="no progress bar, and no message at the end")


_POOLINGS = ("auto", "mean", "cls", "max", "last", "weighted_mean", "mean_sqrt_len")


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


def _cache(text: str) -> str | None:
    return None if text in ("none", "") else text


def _delimiter(text: str) -> str:
    """Read one character; a tab may be written as a backslash and a t."""
    text = "\t" if text == "\\t" else text
    if len(text) != 1 or text in '\r\n"':
        raise argparse.ArgumentTypeError(f"{shorten(text)} is not one character, such as ';' or '\\t'")
    return text

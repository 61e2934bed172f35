"""The options of ``embed``, named as the parameters of `LLMTokenEmbedder` and `embed_parquet`."""

from ._argument_types import count_or_auto, integer, shard
from ._embed import run_embed
from ._shared_options import (
    EXIT_STATUS,
    Formatter,
    add_device,
    add_model,
    add_quiet,
    add_remote_code,
    add_resources,
    add_table,
)

_POOLINGS = ("auto", "mean", "cls", "max", "last", "weighted_mean", "mean_sqrt_len")
_EPILOG = f"""\
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

{EXIT_STATUS}"""


def add_embed(commands) -> None:
    """Add the command.

    Parameters
    ----------
    commands : object
        Of ``ArgumentParser.add_subparsers``.
    """
    embed = commands.add_parser(
        "embed",
        help="embed the texts of CSV, JSON-lines and Parquet files",
        description="Embed the text columns of CSV, JSON-lines and Parquet files.",
        epilog=_EPILOG,
        formatter_class=Formatter,
        usage="%(prog)s SRC DST [options]",
    )
    embed.set_defaults(run=run_embed, after_interrupt="the same command goes on from here.")
    embed.add_argument(
        "src",
        metavar="SRC",
        help="a CSV, TSV, JSON-lines or Parquet file, which may be compressed (.gz, .bz2, .xz, .zst); a folder of "
        "Parquet files; or - for standard input, whose first bytes say what it is",
    )
    embed.add_argument(
        "dst",
        metavar="DST",
        help="a name that ends in .parquet or .npy; a folder, which gets Parquet files of --part-rows; or - for "
        "standard output",
    )
    _add_input(embed.add_argument_group("input"))
    _add_output(embed.add_argument_group("output"))
    _add_model(embed.add_argument_group("model", "as the parameters of LLMTokenEmbedder"))
    resources = embed.add_argument_group("resources", "they change the speed, not the vectors")
    add_device(resources)
    add_resources(resources)
    resources.add_argument(
        "--batch-tokens", type=count_or_auto, default="auto", metavar="N", help="most tokens of a batch"
    )
    add_quiet(embed)


def _add_input(group) -> None:
    add_table(group)
    group.add_argument(
        "--text-columns", nargs="+", default=["text"], metavar="NAME", help="the columns of text; each is embedded"
    )
    group.add_argument(
        "--missing",
        choices=["error", "zero"],
        default="error",
        help="a missing text (null, or an empty field of CSV) is an error, or a row of zeros",
    )
    group.add_argument("--batch-rows", type=integer, default=8192, metavar="N", help="most rows in memory at once")


def _add_output(group) -> None:
    group.add_argument(
        "--output-format",
        choices=["auto", "parquet", "npy"],
        default="auto",
        help="auto goes by the name; Parquet for a folder and standard output",
    )
    group.add_argument(
        "--output-dtype", choices=["float32", "float16"], default="float32", help="type of the vectors in the file"
    )
    group.add_argument("--columns", nargs="*", metavar="NAME", help="the columns that are kept; all if not given")
    group.add_argument("--suffix", default="_vector", help="ends the names of the columns of vectors")
    group.add_argument("--part-rows", type=integer, default=131_072, metavar="N", help="most rows of a file")
    group.add_argument(
        "--shard",
        type=shard,
        default=(0, 1),
        metavar="I/N",
        help="every N-th file of a folder, from the I-th on; I is 0 to N-1",
    )


def _add_model(group) -> None:
    add_model(group, "a bundled checkpoint (zh-mini, zh-nano), a folder or a Hub id")
    group.add_argument(
        "--pooling",
        nargs="+",
        default=["auto"],
        metavar="NAME",
        choices=_POOLINGS,
        help=f"{'; '.join(_POOLINGS)}; several are concatenated",
    )
    group.add_argument(
        "--layer",
        nargs="+",
        type=integer,
        default=[-1],
        metavar="N",
        help="hidden state: 0 is the embeddings, -1 the last; several are averaged",
    )
    group.add_argument(
        "--prompt", default="auto", help="a prompt's name or a template with {text}; an empty one is the bare text"
    )
    group.add_argument(
        "--max-length", type=integer, metavar="N", help="most tokens of a text; the checkpoint's limit if not given"
    )
    group.add_argument(
        "--long-text",
        choices=["truncate", "chunk", "error"],
        default="truncate",
        help="a longer text is cut, read in overlapping windows that are averaged, or refused",
    )
    group.add_argument(
        "--normalize",
        choices=["auto", "true", "false"],
        default="auto",
        help="whether rows have unit length; auto does what the checkpoint was trained with",
    )
    group.add_argument("--truncate-dim", type=integer, metavar="N", help="keep this many leading features")
    add_remote_code(group)

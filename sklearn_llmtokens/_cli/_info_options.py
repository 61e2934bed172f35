"""The options of ``info``."""

from ._argument_types import count, seconds
from ._info import run_info
from ._shared_options import EXIT_STATUS, Formatter, add_device, add_dtype, add_remote_code, add_table

_EPILOG = f"""\
examples:
  what the bundled model is, and how fast it runs here
    sklearn-llmtokens info zh-mini

  how much of a column of texts it cannot read
    sklearn-llmtokens info zh-nano reviews.csv --text-columns text

  for a script: the number of features
    sklearn-llmtokens info ./bge --seconds 0 --json | jq .n_features

With HF_HUB_OFFLINE=1 a Hub id is looked for in the cache on this machine alone. Nothing is written.

{EXIT_STATUS}"""


def add_info(commands) -> None:
    """Add the command.

    Parameters
    ----------
    commands : object
        Of ``ArgumentParser.add_subparsers``.
    """
    info = commands.add_parser(
        "info",
        help="show what a checkpoint is, its speed here, and what it cannot read",
        description="Show what a checkpoint is, how fast it runs on this machine, and what it cannot read of a file.",
        epilog=_EPILOG,
        formatter_class=Formatter,
        usage="%(prog)s MODEL [SRC] [options]",
    )
    info.set_defaults(run=run_info, after_interrupt="nothing was written.")
    info.add_argument("model", metavar="MODEL", help="a bundled checkpoint (zh-mini, zh-nano), a folder or a Hub id")
    info.add_argument(
        "src",
        metavar="SRC",
        nargs="?",
        help="a CSV, TSV, JSON-lines or Parquet file of your texts, which may be compressed: its unknown tokens are "
        "counted, and the speed is measured on it",
    )
    sample = info.add_argument_group("input")
    add_table(sample)
    sample.add_argument(
        "--text-columns", nargs="+", default=["text"], metavar="NAME", help="the columns of text, counted together"
    )
    sample.add_argument("--rows", type=count, default=1000, metavar="N", help="how many of its first rows are read")
    model = info.add_argument_group("model", "as the parameters of LLMTokenEmbedder")
    add_dtype(model)
    add_device(model)
    add_remote_code(model)
    output = info.add_argument_group("output")
    output.add_argument(
        "--seconds", type=seconds, default=1.0, metavar="S", help="how long the speed is measured; 0 leaves it out"
    )
    output.add_argument("--json", action="store_true", help="print one JSON object")

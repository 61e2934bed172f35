"""The command line as a whole: its commands, each with options in a file of its own."""

import argparse

from .. import __version__
from ._distill_options import add_distill
from ._embed_options import add_embed
from ._info_options import add_info
from ._shared_options import EXIT_STATUS

_EPILOG = f"""\
examples:
  sklearn-llmtokens info zh-mini reviews.csv
  sklearn-llmtokens embed reviews.csv vectors.parquet
  sklearn-llmtokens distill texts.txt my-model

sklearn-llmtokens COMMAND --help lists the options of a command.

{EXIT_STATUS}"""


def make_parser() -> argparse.ArgumentParser:
    """Return the parser of the command line.

    Returns
    -------
    ArgumentParser
        Its result has ``run`` and ``after_interrupt``.
    """
    parser = argparse.ArgumentParser(
        prog="sklearn-llmtokens",
        description="Sentence embeddings from Hugging Face models.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        usage="%(prog)s COMMAND [options]",
    )
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    commands = parser.add_subparsers(
        dest="command", required=True, metavar="COMMAND", title="commands", prog=parser.prog
    )
    add_embed(commands)
    add_distill(commands)
    add_info(commands)
    return parser

"""The options of ``distill``, named as the parameters of `distill` and `LLMTokenEmbedder`."""

from ._argument_types import integer
from ._distill import run_distill
from ._shared_options import EXIT_STATUS, Formatter, add_model, add_quiet, add_resources

_EPILOG = f"""\
examples:
  a static checkpoint of 256 features from the bundled model
    sklearn-llmtokens distill texts.txt my-model --n-components 256

  from a folder, with vectors that a later run finds again
    sklearn-llmtokens distill texts.txt my-model --model ./bge --cache store --output-dtype int8

LLMTokenEmbedder("my-model") loads the folder, and so does every command's --model.

{EXIT_STATUS}"""


def add_distill(commands) -> None:
    """Add the command.

    Parameters
    ----------
    commands : object
        Of ``ArgumentParser.add_subparsers``.
    """
    distill = commands.add_parser(
        "distill",
        help="make a static checkpoint from a model and texts",
        description="Distil a model into one vector per token, as sklearn_llmtokens.distill does.",
        epilog=_EPILOG,
        formatter_class=Formatter,
        usage="%(prog)s SRC DST [options]",
    )
    distill.set_defaults(
        run=run_distill, after_interrupt="with --cache FOLDER the same command does not embed the texts again."
    )
    distill.add_argument("src", metavar="SRC", help="a UTF-8 file with one text per line")
    distill.add_argument("dst", metavar="DST", help="the new folder that gets the checkpoint")
    output = distill.add_argument_group("output")
    output.add_argument("--n-tokens", type=integer, default=30_000, metavar="N", help="most tokens of the vocabulary")
    output.add_argument(
        "--n-components", type=integer, metavar="N", help="features; as many as the teacher has if not given"
    )
    output.add_argument(
        "--output-dtype", choices=["float16", "int8", "float32"], default="float16", help="type of the stored vectors"
    )
    model = distill.add_argument_group("model", "as the parameters of LLMTokenEmbedder")
    add_model(model, "the teacher: a bundled checkpoint (zh-mini, zh-nano), a folder or a Hub id")
    add_resources(distill.add_argument_group("resources"))
    add_quiet(distill)

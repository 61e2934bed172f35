"""What the commands have in common: the layout of their help, and the options that several of them take."""

import argparse

from ._argument_types import cache, delimiter, integer

EXIT_STATUS = """\
exit status:
  0    done
  1    failed during the work
  2    files, columns, options or the model were refused before it
  130  after SIGINT (Ctrl-C)
  141  nobody reads standard output any more
  143  after SIGTERM
"""


class Formatter(argparse.RawDescriptionHelpFormatter, argparse.ArgumentDefaultsHelpFormatter):
    """Examples as they are typed, and the default behind each option that has one."""

    def _get_help_string(self, action):
        if isinstance(action.default, list):
            return f"{action.help} (default: {' '.join(map(str, action.default))})"
        if action.default is None or action.default is False or isinstance(action.default, tuple):
            return action.help
        return super()._get_help_string(action)


def add_table(group) -> None:
    """Add the options that say how a file of texts is read.

    Parameters
    ----------
    group : argument group
        Gets them.
    """
    group.add_argument(
        "--input-format",
        choices=["auto", "csv", "tsv", "jsonl", "parquet"],
        default="auto",
        help="auto goes by the name",
    )
    group.add_argument("--delimiter", type=delimiter, metavar="CHARACTER", help="between the fields of a CSV file")


def add_model(group, help_of_model: str) -> None:
    """Add the options that name the model.

    Parameters
    ----------
    group : argument group
        Gets them.
    help_of_model : str
        What the model is for.
    """
    group.add_argument("--model", default="zh-mini", help=help_of_model)
    add_dtype(group)


def add_dtype(group) -> None:
    """Add the precision of the model.

    Parameters
    ----------
    group : argument group
        Gets it.
    """
    group.add_argument(
        "--dtype",
        choices=["auto", "float32", "bfloat16", "float16", "int8"],
        default="auto",
        help="precision of the model; auto is float32 on a CPU, and the checkpoint's own on an accelerator",
    )


def add_device(group) -> None:
    """Add the device.

    Parameters
    ----------
    group : argument group
        Gets it.
    """
    group.add_argument(
        "--device", default="auto", help="a torch device, such as cuda:1; auto is the first accelerator, or the CPU"
    )


def add_remote_code(group) -> None:
    """Add the permission to run code.

    Parameters
    ----------
    group : argument group
        Gets it.
    """
    group.add_argument("--trust-remote-code", action="store_true", help="let Python code of the checkpoint run")


def add_resources(group) -> None:
    """Add processes and the cache.

    Parameters
    ----------
    group : argument group
        Gets them.
    """
    group.add_argument(
        "--n-jobs", type=integer, metavar="N", help="processes that run the model; each loads it; one if not given"
    )
    group.add_argument(
        "--cache",
        type=cache,
        default="memory",
        metavar="FOLDER",
        help="where vectors are kept for later runs: a folder, 'memory' (this run alone) or 'none'",
    )


def add_quiet(parser: argparse.ArgumentParser) -> None:
    """Add the option that leaves out messages.

    Parameters
    ----------
    parser : ArgumentParser
        Gets it.
    """
    parser.add_argument("--quiet", action="store_true", help="no progress bar, and no message at the end")

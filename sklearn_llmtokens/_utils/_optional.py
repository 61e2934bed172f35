"""Import optional packages at first use, with an error message that says how to install them."""

from importlib import import_module
from types import ModuleType

from ..exceptions import MissingDependencyError


def require(name: str, *, extra: str | None, purpose: str | None = None) -> ModuleType:
    """Import the optional module `name`.

    Parameters
    ----------
    name : str
        Dotted name of the module.
    extra : str or None
        The extra of this package that installs it. None for what language models need: the default installation has
        it, and all that is no model works without.
    purpose : str, optional
        What it is needed for, as the subject of the message.

    Returns
    -------
    module
        The imported module.

    Raises
    ------
    MissingDependencyError
        If the module is not installed.
    """
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        if error.name is None or not name.startswith(error.name.split(".")[0]):
            raise
        packages = "torch transformers" if extra is None else f'"sklearn-llmtokens[{extra}]"'
        raise MissingDependencyError(
            f"{purpose or 'This'} needs {name!r}, which is not installed: pip install {packages}"
        ) from error

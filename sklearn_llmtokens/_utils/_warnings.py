"""Warnings: the line of the user that they are about, and one alone where each call would repeat it."""

import re
import sys
import warnings

_PASSED_OVER = {"sklearn_llmtokens", "sklearn", "joblib", "contextlib"}

# What was shown in this process. Python's own memory of that is emptied by every `catch_warnings`, as in scikit-learn's
# checks of arrays: a server would show a warning again with each request.
_shown: set[tuple[type[Warning], str, str]] = set()
_MOST_SHOWN = 1_000
_ONCE = {"default", "module", "once"}


def stacklevel_of_caller() -> int:
    """Return the ``stacklevel`` for `warnings.warn` of the nearest frame outside this package, scikit-learn and joblib.

    Returns
    -------
    int
        Counted from the function that calls this one; the outermost frame's where there is no other, as in a worker.
    """
    frame, level = sys._getframe(1), 1
    while frame.f_back is not None and frame.f_globals.get("__name__", "").partition(".")[0] in _PASSED_OVER:
        frame, level = frame.f_back, level + 1
    return level


def warn_once(warning: Warning, model: str) -> None:
    """Issue a warning, and do not repeat it for the same model in this process.

    Filters that show a warning always, or make an error of it, apply each time.

    Parameters
    ----------
    warning : Warning
        The warning.
    model : str
        What it is about: a warning with the same message about another model is another one.
    """
    level = stacklevel_of_caller()
    shown = (type(warning), str(warning), model)
    caller = sys._getframe(level - 1)  # a stacklevel of 1 is this function, whose frame is number 0
    if shown in _shown and _action(warning, caller.f_globals.get("__name__", "")) in _ONCE:
        return
    if len(_shown) >= _MOST_SHOWN:
        _shown.clear()
    _shown.add(shown)
    warnings.warn(warning, stacklevel=level)


def _action(warning: Warning, module: str) -> str:
    """Return what the filters do with a warning from a module, as `warnings` finds it."""
    for action, message, category, of_module, line in warnings.filters:
        if (
            line == 0
            and isinstance(warning, category)
            and (message is None or re.match(message, str(warning)))
            and (of_module is None or re.match(of_module, module))
        ):
            return action
    return "default"

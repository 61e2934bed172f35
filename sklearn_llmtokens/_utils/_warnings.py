"""Find the stack level of a warning: the line of the user, not of this package or of scikit-learn."""

import sys

_PASSED_OVER = {"sklearn_llmtokens", "sklearn", "joblib", "contextlib"}


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

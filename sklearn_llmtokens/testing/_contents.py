"""Checks of the texts themselves: missing, empty, long, and unusual characters."""

import warnings

import numpy as np

from ._compare import ROW_ATOL, as_array, assert_same, assert_sound, attempt, fit, is_text, prepare, refused
from ._samples import BLANK_TEXTS, TEXTS, UNUSUAL_TEXTS, containers_with_missing

_ROW = 7
_LONG = 100_000


def check_missing_refused(name, estimator):
    """A missing text is an error that names its row, in ``fit`` and in ``transform``."""
    fitted = fit(prepare(estimator), TEXTS)
    for what, X in containers_with_missing(TEXTS, _ROW):
        with refused(f"{name}.fit on {what}", ValueError, row=_ROW):
            fit(prepare(estimator), X)
        with refused(f"{name}.transform of {what}", ValueError, row=_ROW):
            fitted.transform(X)


def check_missing_as_zero(name, estimator):
    """With ``missing="zero"`` a missing text is a row of zeros, and the other rows are what they were."""
    fitted = fit(prepare(estimator).set_params(missing="zero"), TEXTS)
    expected = as_array(fitted.transform(TEXTS)).copy()
    expected[_ROW] = 0
    for what, X in containers_with_missing(TEXTS, _ROW):
        output = attempt(f'{name}(missing="zero").transform of {what}', fitted.transform, X)
        assert_same(output, expected, f'{name}(missing="zero") on {what}')
        attempt(f'{name}(missing="zero").fit on {what}', fit, prepare(estimator).set_params(missing="zero"), X)


def check_blank_texts(name, estimator):
    """Texts that are empty, or hold only white space, are texts: one finite row each."""
    X = [*BLANK_TEXTS, TEXTS[0]]
    fitted = fit(prepare(estimator), TEXTS)
    assert_sound(attempt(f"{name} on blank texts", fitted.transform, X), len(X), f"{name} on blank texts")
    for text in BLANK_TEXTS:
        output = attempt(f"{name} on {text!r} alone", fitted.transform, [text])
        assert_sound(output, 1, f"{name} on {text!r} alone")


def check_long_text(name, estimator):
    """A text of 100,000 characters gives one finite row, and leaves its neighbours alone."""
    fitted = fit(prepare(estimator), TEXTS)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that it is cut may be said
        X = [TEXTS[0], "好" * _LONG, TEXTS[1]]
        output = attempt(f"{name} on a text of {_LONG} characters", fitted.transform, X)
    assert_sound(output, 3, f"{name} on a text of {_LONG} characters")
    expected = fitted.transform([TEXTS[0], TEXTS[1]])
    assert_same(as_array(output)[[0, 2]], expected, f"{name}: a long text changes its neighbours")


def check_unusual_characters(name, estimator):
    """Any character of Unicode is accepted, and a text has the same row alone and among others."""
    X = list(UNUSUAL_TEXTS.values())
    fitted = fit(prepare(estimator), TEXTS)
    output = as_array(attempt(f"{name} on unusual characters", fitted.transform, X))
    assert_sound(output, len(X), f"{name} on unusual characters")
    for i, (what, text) in enumerate(UNUSUAL_TEXTS.items()):
        alone = attempt(f"{name} on {what}", fitted.transform, [text])
        assert_same(alone, output[[i]], f"{name} gives another row for {what} alone", atol=ROW_ATOL)
    attempt(f"{name}.fit on unusual characters", fit, prepare(estimator), X)


def check_lone_surrogate(name, estimator):
    """Half a surrogate pair is no character: an error that names the row, or text in which it was replaced."""
    X = list(TEXTS)
    X[_ROW] = "半个\ud83d表情"
    fitted = fit(prepare(estimator), TEXTS)
    try:
        output = fitted.transform(X)
    except Exception:
        with refused(f"{name} on a lone surrogate", ValueError, row=_ROW):
            fitted.transform(X)
        return
    assert is_text(output), f"{name} makes numbers of a lone surrogate: it should be refused."
    text = as_array(output)[_ROW]
    assert not any(0xD800 <= ord(character) <= 0xDFFF for character in text), f"{name} passes a lone surrogate on."


def check_no_rows(name, estimator):
    """``fit`` needs a row; ``transform`` of none gives none, of the width and dtype that others have."""
    for what, X in (("an empty list", []), ("an empty array", np.empty(0, dtype=object))):
        with refused(f"{name}.fit on {what}", ValueError):
            fit(prepare(estimator), X)
        fitted = fit(prepare(estimator), TEXTS)
        some = as_array(fitted.transform(TEXTS))
        none = as_array(attempt(f"{name}.transform of {what}", fitted.transform, X))
        expected = (0, *some.shape[1:])
        assert none.shape == expected, f"{name}.transform of {what} has the shape {none.shape}, not {expected}."
        assert none.dtype == some.dtype, f"{name}.transform of {what} is of {none.dtype}, not {some.dtype}."

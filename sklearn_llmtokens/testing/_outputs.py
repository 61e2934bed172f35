"""Checks of what comes out: its container, its names, and the ways to ask for it."""

import numpy as np
from sklearn.pipeline import make_pipeline

from ._compare import as_array, assert_same, assert_sound, attempt, fit, is_text, prepare, targets
from ._samples import TEXTS, gapped_index, installed, two_columns


def check_output_is_sound(name, estimator):
    """There is one row per text, of finite numbers in two dimensions, or of strings in the shape that came in."""
    output = fit(prepare(estimator), TEXTS).transform(TEXTS)
    assert_sound(output, len(TEXTS), name)
    n_dimensions = 1 if is_text(output) else 2
    found = as_array(output).ndim
    assert found == n_dimensions, f"The output of {name} has {found} dimensions, not {n_dimensions}."


def check_fit_transform_agrees(name, estimator):
    """``fit_transform`` equals ``fit`` and ``transform``, each time. Counterpart of check_transformer_general."""
    expected = fit(prepare(estimator), TEXTS).transform(TEXTS)
    estimator = prepare(estimator)
    for _ in range(2):
        output = estimator.fit_transform(TEXTS, targets(estimator, len(TEXTS)))
        assert_same(output, expected, f"{name}.fit_transform differs from fit and transform")


def check_pipeline_consistency(name, estimator):
    """In a pipeline it gives what it gives by itself. Counterpart of check_pipeline_consistency."""
    expected = fit(prepare(estimator), TEXTS).transform(TEXTS)
    pipeline = make_pipeline(prepare(estimator))
    output = pipeline.fit_transform(TEXTS, targets(estimator, len(TEXTS)))
    assert_same(output, expected, f"{name} gives another output in a pipeline")


def check_feature_names_out(name, estimator):
    """There is a name for each column of the output, and no name twice."""
    fitted = fit(prepare(estimator), TEXTS)
    output = as_array(fitted.transform(TEXTS))
    n_columns = 1 if output.ndim == 1 else output.shape[1]
    names = list(fitted.get_feature_names_out())
    assert len(names) == n_columns, f"{name} has {len(names)} feature names for {n_columns} columns."
    assert len(set(names)) == len(names), f"{name} gives a feature name twice."


def check_text_keeps_its_container(name, estimator):
    """Texts come out in the container that they came in; numbers do not, unless ``set_output`` asks for a frame."""
    fitted = fit(prepare(estimator), TEXTS)
    if not is_text(fitted.transform(TEXTS)):
        for what, X in _series(TEXTS):
            output = fitted.transform(X)
            assert not hasattr(output, "columns"), f"{name} gives a frame for {what} that nobody asked for."
        return
    _assert_containers_kept(name, estimator)


def check_set_output(name, estimator, library="pandas"):
    """``set_output`` gives frames of numbers with names and index; texts stay in the container that they came in."""
    plain = fit(prepare(estimator), TEXTS)
    expected = plain.transform(TEXTS)
    if is_text(expected):
        _assert_containers_kept(name, estimator, library)
        return
    framed = fit(prepare(estimator).set_output(transform=library), TEXTS)
    for what, X in (("a list", list(TEXTS)), *_series(TEXTS)):
        output = framed.transform(X)
        module = type(output).__module__.partition(".")[0]
        assert module == library, f"{name} with {library} output gives {type(output).__name__} of {module} for {what}."
        assert_same(output, expected, f"{name} gives other numbers with {library} output")
        names = list(plain.get_feature_names_out())
        assert list(output.columns) == names, (
            f"{name} names its {library} columns otherwise than get_feature_names_out."
        )
        if library == "pandas" and what == "a pandas Series":
            assert list(output.index) == list(X.index), f"{name} with pandas output loses the index of {what}."


def _assert_containers_kept(name, estimator, library=None):
    estimator = prepare(estimator)
    if library is not None:
        attempt(f"{name}.set_output", lambda: estimator.set_output(transform=library))
    said = f" with {library} output" if library else ""
    for what, X in (("a list", list(TEXTS)), ("an array", np.array(TEXTS, dtype=object))):
        output = fit(estimator, X).transform(X)
        assert type(output) is np.ndarray, f"{name}{said} gives {type(output).__name__} for {what}, not an array."
        assert output.shape == (len(TEXTS),), f"{name}{said} gives the shape {output.shape} for {what}."
    for what, X in (*_series(TEXTS), *_frames(TEXTS)):
        output = fit(estimator, X).transform(X)
        assert type(output) is type(X), f"{name}{said} gives {type(output).__name__} for {what}."
        for attribute in ("name", "index", "columns"):
            if hasattr(X, attribute) and not callable(getattr(X, attribute)):
                kept = list(np.atleast_1d(getattr(output, attribute))) == list(np.atleast_1d(getattr(X, attribute)))
                assert kept, f"{name}{said} loses the {attribute} of {what}."


def _series(texts):
    if installed("pandas"):
        import pandas as pd

        yield "a pandas Series", pd.Series(texts, index=gapped_index(len(texts)), name="review")
    if installed("polars"):
        import polars as pl

        yield "a polars Series", pl.Series("review", texts)


def _frames(texts):
    X = two_columns(texts)
    if installed("pandas"):
        import pandas as pd

        yield "a pandas DataFrame", pd.DataFrame(X, index=gapped_index(len(texts)), columns=["title", "body"])
    if installed("polars"):
        import polars as pl

        yield "a polars DataFrame", pl.DataFrame({"title": list(X[:, 0]), "body": list(X[:, 1])})

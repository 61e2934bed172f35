"""The estimator's promises: fitting and refitting, parameters, columns, missing texts, precision, progress."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
import torch
from sklearn.exceptions import NotFittedError

from sklearn_llmtokens import LLMTokenEmbedder
from sklearn_llmtokens.exceptions import (
    InvalidTextError,
    MissingTextError,
    PrecisionWarning,
    TextTypeError,
)
from tests.checkpoints import FAMILIES, TEXTS
from tests.embedding.uncached import embedder
from tests.inside import n_loads, set_bar_delay, set_native_precisions


def test_before_fit_it_says_so(checkpoints):
    ours = embedder(checkpoints["bert"])
    for method in (ours.transform, ours.transform_tokens, ours.forget, ours.get_feature_names_out):
        with pytest.raises(NotFittedError):
            method(TEXTS)
    with pytest.raises(NotFittedError):
        ours.cache_info()


def test_fit_does_not_run_or_load_the_model(checkpoints, texts_through_the_model):
    before = n_loads()
    embedder(checkpoints["bert"]).fit(TEXTS)
    assert n_loads() == before
    assert texts_through_the_model == []


def test_transform_leaves_the_estimator_as_it_was(checkpoints):
    fitted = embedder(checkpoints["bert"]).fit(TEXTS)
    before = {k: repr(v) for k, v in vars(fitted).items()}
    fitted.transform(TEXTS)
    fitted.transform_tokens(TEXTS)
    assert {k: repr(v) for k, v in vars(fitted).items()} == before


@pytest.mark.parametrize(
    "params",
    [
        {"pooling": "max"},
        {"pooling": ("cls", "max")},
        {"layer": 1},
        {"layer": (0, 1)},
        {"prompt": "very {text}"},
        {"normalize": True},
        {"truncate_dim": 5},
        {"max_length": 8, "long_text": "chunk"},
        {"dtype": "int8"},
    ],
    ids=str,
)
def test_parameters_set_after_fit_wait_for_the_next_fit(checkpoints, params):
    ours = embedder(checkpoints["bert"]).fit(TEXTS)
    before = ours.transform(TEXTS)
    ours.set_params(**params)
    np.testing.assert_array_equal(ours.transform(TEXTS), before)
    after = ours.fit_transform(TEXTS)
    assert after.shape == (len(TEXTS), ours.n_features_out_)
    assert after.shape != before.shape or np.abs(after - before).max() > 1e-4
    np.testing.assert_array_equal(after, embedder(checkpoints["bert"], **params).fit_transform(TEXTS))


def test_numbers_of_numpy_are_the_same_settings(checkpoints):
    plain = {"max_length": 16, "truncate_dim": 4, "long_text": "chunk", "normalize": True, "pooling": ("mean", "max")}
    of_numpy = {
        "max_length": np.int64(16),
        "truncate_dim": np.int32(4),
        "long_text": np.str_("chunk"),
        "normalize": np.True_,
        "pooling": (np.str_("mean"), "max"),
    }
    specs = [LLMTokenEmbedder(checkpoints["bert"], **params).fit(TEXTS).spec_ for params in (plain, of_numpy)]
    assert repr(specs[0]) == repr(specs[1])  # what a store knows vectors by


def test_a_refit_with_another_model(checkpoints):
    ours = embedder(checkpoints["bert"]).fit(TEXTS)
    ours.set_params(model=checkpoints["gpt2"])
    np.testing.assert_array_equal(ours.fit_transform(TEXTS), embedder(checkpoints["gpt2"]).fit_transform(TEXTS))


def test_a_model_set_after_fit_is_noticed(checkpoints):
    ours = embedder(checkpoints["bert"]).fit(TEXTS)
    with pytest.raises(ValueError, match="fitted with"):
        ours.set_params(model=checkpoints["gpt2"]).transform(TEXTS)


def test_a_refit_on_fewer_columns(checkpoints):
    frame = pd.DataFrame({"a": TEXTS, "b": TEXTS[::-1]})
    ours = embedder(checkpoints["bert"]).fit(frame)
    assert ours.n_features_out_ == 64
    ours.fit(TEXTS)
    assert ours.n_features_out_ == 32
    assert ours.n_features_in_ == 1
    assert not hasattr(ours, "feature_names_in_")


def test_fit_returns_itself_and_ignores_y(checkpoints):
    ours = embedder(checkpoints["bert"])
    assert ours.fit(TEXTS, y=list(range(8))) is ours


@pytest.mark.parametrize("normalize", [True, np.True_])
def test_unit_length(checkpoints, normalize):
    rows = embedder(checkpoints["bert"], normalize=normalize).fit_transform(TEXTS)
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-6)


def test_leading_features_are_kept_before_rows_get_unit_length(checkpoints):
    whole = embedder(checkpoints["bert"]).fit_transform(TEXTS)
    found = embedder(checkpoints["bert"], truncate_dim=np.int64(7), normalize=True).fit_transform(TEXTS)
    expected = whole[:, :7] / np.linalg.norm(whole[:, :7], axis=1, keepdims=True)
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_model_as_a_path_and_as_text(checkpoints):
    folder = checkpoints["bert"]
    np.testing.assert_array_equal(embedder(str(folder)).fit_transform(TEXTS), embedder(folder).fit_transform(TEXTS))


def test_missing_texts_are_refused_or_zero(checkpoints):
    texts = ["good", None, float("nan"), pd.NA, "good"]
    with pytest.raises(MissingTextError, match=r"X\[1\] is missing \(None.*missing=\"zero\""):
        embedder(checkpoints["bert"]).fit(texts)
    rows = embedder(checkpoints["bert"], missing="zero").fit_transform(texts)
    np.testing.assert_array_equal(rows[1:4], 0)
    assert np.abs(rows[[0, 4]]).min() > 0
    fitted = embedder(checkpoints["bert"]).fit(["good"])
    with pytest.raises(MissingTextError, match=r"X\[2\]"):
        fitted.transform(["a", "b", None])


def test_only_missing_texts(checkpoints):
    rows = embedder(checkpoints["bert"], missing="zero", normalize=True).fit_transform([None, None])
    np.testing.assert_array_equal(rows, np.zeros((2, 32)))


def test_columns_are_placed_side_by_side(checkpoints):
    a, b = TEXTS, TEXTS[::-1]
    expected = np.hstack([embedder(checkpoints["bert"]).fit_transform(texts) for texts in (a, b)])
    for X in (
        pd.DataFrame({"a": a, "b": b}),
        pl.DataFrame({"a": a, "b": b}),
        np.array([a, b], dtype=object).T,
        np.array([a, b]).T,
    ):
        np.testing.assert_array_equal(embedder(checkpoints["bert"]).fit_transform(X), expected)


def test_missing_cells_are_zero_in_their_columns_alone(checkpoints):
    frame = pd.DataFrame({"a": ["good", None], "b": [None, "good"]})
    rows = embedder(checkpoints["bert"], missing="zero").fit_transform(frame)
    np.testing.assert_array_equal(rows[0, :32], rows[1, 32:])
    np.testing.assert_array_equal(rows[0, 32:], 0)
    np.testing.assert_array_equal(rows[1, :32], 0)


@pytest.mark.parametrize("n_columns", [1, 2, 3])
def test_no_rows(checkpoints, n_columns):
    frame = pd.DataFrame({f"c{i}": TEXTS for i in range(n_columns)})
    ours = embedder(checkpoints["bert"]).fit(frame)
    rows = ours.transform(frame[:0])
    assert rows.shape == (0, 32 * n_columns)
    assert rows.dtype == np.float32
    with pytest.raises(InvalidTextError, match=r"0 sample\(s\)"):
        embedder(checkpoints["bert"]).fit(frame[:0])


def test_no_rows_of_a_list(checkpoints):
    assert embedder(checkpoints["bert"]).fit(TEXTS).transform([]).shape == (0, 32)


def test_other_columns_than_those_of_fit_are_refused(checkpoints):
    ours = embedder(checkpoints["bert"]).fit(pd.DataFrame({"a": TEXTS, "b": TEXTS}))
    with pytest.raises(ValueError, match="feature names"):
        ours.transform(pd.DataFrame({"b": TEXTS, "a": TEXTS}))
    with pytest.raises(ValueError, match="expecting 2 features"):
        embedder(checkpoints["bert"]).fit(np.array([TEXTS, TEXTS]).T).transform(np.array([TEXTS]).T)


@pytest.mark.parametrize("X", ["one text", b"bytes", {"a", "b"}, {"a": 1}, [b"bytes"], [1, 2], (t for t in TEXTS)])
def test_what_is_no_column_of_text_is_refused(checkpoints, X):
    with pytest.raises((InvalidTextError, TextTypeError)):
        embedder(checkpoints["bert"]).fit(X)


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_half_precision_is_close_and_warns_where_it_is_emulated(checkpoints, monkeypatch, dtype):
    set_native_precisions(monkeypatch, False)
    with pytest.warns(PrecisionWarning, match=f"dtype='{dtype}' is emulated"):
        ours = embedder(checkpoints["bert"], dtype=dtype, normalize=True).fit(TEXTS)
    rows = ours.transform(TEXTS)
    assert rows.dtype == np.float32
    exact = embedder(checkpoints["bert"], normalize=True).fit_transform(TEXTS)
    np.testing.assert_allclose(rows, exact, atol=2e-2)
    assert np.abs(rows - exact).max() > 0
    set_native_precisions(monkeypatch, True)
    embedder(checkpoints["bert"], dtype=dtype).fit(TEXTS)


@pytest.mark.parametrize("kind", FAMILIES)
def test_8_bits_are_close(checkpoints, kind):
    exact = embedder(checkpoints[kind], normalize=True).fit_transform(TEXTS)
    rows = embedder(checkpoints[kind], dtype="int8", normalize=True).fit_transform(TEXTS)
    assert rows.dtype == np.float32
    assert (rows * exact).sum(axis=1).min() > 0.98
    assert np.abs(rows - exact).max() > 0


def test_8_bits_are_for_the_cpu(checkpoints):
    with pytest.raises(ValueError, match="CPU only"):
        embedder(checkpoints["bert"], dtype="int8", device="meta").fit(TEXTS)


def test_precisions_do_not_share_vectors(checkpoints):
    a = embedder(checkpoints["bert"], cache="memory").fit_transform(TEXTS)
    b = embedder(checkpoints["bert"], cache="memory", dtype="int8").fit_transform(TEXTS)
    assert np.abs(a - b).max() > 0


@pytest.mark.skipif(torch.cuda.is_available(), reason="CUDA is here")
def test_a_device_that_is_not_here_is_refused(checkpoints):
    with pytest.raises(ValueError, match="sees no CUDA"):
        embedder(checkpoints["bert"], device="cuda").fit(TEXTS)


def test_progress_goes_to_stderr_and_counts_every_text(checkpoints, capsys, monkeypatch):
    set_bar_delay(monkeypatch, 0)
    embedder(checkpoints["bert"], cache="memory").fit_transform(TEXTS[:2])
    embedder(checkpoints["bert"], verbose=1, cache="memory").fit_transform([*TEXTS, *TEXTS])
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "8/8" in shown.err
    assert "tokens/s, 25% from the cache" in shown.err
    embedder(checkpoints["bert"], verbose=0).fit_transform(TEXTS)
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(("delay", "n_cached"), [(3600, 0), (0, 8)], ids=["soon over", "from the cache"])
def test_what_is_over_at_once_has_no_bar(checkpoints, capsys, monkeypatch, delay, n_cached):
    set_bar_delay(monkeypatch, delay)
    embedder(checkpoints["bert"], cache="memory").fit(TEXTS).transform(TEXTS[:n_cached])
    embedder(checkpoints["bert"], verbose=1, cache="memory").fit_transform(TEXTS)
    assert capsys.readouterr().err == ""


def test_progress_of_windows_counts_texts(checkpoints, capsys, monkeypatch):
    set_bar_delay(monkeypatch, 0)
    texts = [TEXTS[6] * 10, "good"]
    embedder(checkpoints["bert"], verbose=1, max_length=16, long_text="chunk").fit_transform(texts)
    assert "2/2" in capsys.readouterr().err


def test_bundled_checkpoint_is_the_default():
    rows = LLMTokenEmbedder().fit_transform(["物流很快", "The room was clean", ""])
    assert rows.dtype == np.float32
    assert np.isfinite(rows).all()

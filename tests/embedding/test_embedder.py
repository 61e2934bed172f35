"""The estimator's promises: rows and their order, refitting, missing texts, columns, the store, threads and memory."""

import os
import threading

import numpy as np
import pandas as pd
import polars as pl
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from sklearn_llmtokens import LLMTokenEmbedder
from sklearn_llmtokens.embedding import _forward, _torch
from sklearn_llmtokens.embedding._store import open_store
from sklearn_llmtokens.embedding._torch import _encode, _model
from sklearn_llmtokens.exceptions import (
    InvalidTextError,
    MissingTextError,
    NonFiniteVectorError,
    OutOfMemoryError,
    PrecisionWarning,
    StoreWarning,
    TextTypeError,
)
from tests.checkpoints import FAMILIES, HIDDEN, TEXTS

MANY = [f"{TEXTS[i % 8]} {i}" for i in range(150)]


def embedder(folder, **params):
    return LLMTokenEmbedder(folder, **{"cache": None, **params})


@pytest.fixture
def texts_through_the_model(monkeypatch):
    """The texts that were encoded, in order."""
    seen = []
    original = _torch.encode

    def spy(texts, *args, **kwargs):
        seen.extend(texts)
        return original(texts, *args, **kwargs)

    monkeypatch.setattr(_torch, "encode", spy)
    return seen


# Rows and their order


@pytest.mark.parametrize("kind", FAMILIES)
def test_order_changes_nothing(checkpoints, kind):
    order = np.random.default_rng(0).permutation(len(MANY))
    fitted = embedder(checkpoints[kind]).fit(MANY)
    np.testing.assert_array_equal(fitted.transform([MANY[i] for i in order]), fitted.transform(MANY)[order])


@pytest.mark.parametrize("kind", FAMILIES)
@pytest.mark.parametrize("pooling", ["mean", "last"])
def test_a_subset_has_the_same_rows(checkpoints, kind, pooling):
    fitted = embedder(checkpoints[kind], pooling=pooling, normalize=True).fit(MANY)
    whole = fitted.transform(MANY)
    for rows in ([7], list(range(0, 150, 3)), list(range(20))):
        # A few units in the last place of the largest of 32 features; models of hundreds of features stay below 1e-7.
        np.testing.assert_allclose(fitted.transform([MANY[i] for i in rows]), whole[rows], atol=5e-7, rtol=0)


def test_a_subset_has_the_same_rows_to_a_tenth_of_a_millionth():
    texts = [*MANY[:40], "物流很快，包装完好，下次还来买" * 3, "屏幕太暗了"]
    fitted = embedder("zh-mini").fit(texts)
    whole = fitted.transform(texts)
    for rows in ([3], [40, 41], list(range(0, 42, 5))):
        np.testing.assert_allclose(fitted.transform([texts[i] for i in rows]), whole[rows], atol=1e-7, rtol=0)


def test_order_changes_nothing_in_8_bits(checkpoints):
    fitted = embedder(checkpoints["bert"], dtype="int8", normalize=True).fit(MANY)
    whole = fitted.transform(MANY)
    np.testing.assert_array_equal(fitted.transform(MANY[::-1]), whole[::-1])
    np.testing.assert_allclose(fitted.transform(MANY[:9]), whole[:9], atol=5e-7)


@pytest.mark.parametrize("cache", [None, "memory"])
def test_duplicates_are_encoded_once(checkpoints, texts_through_the_model, cache):
    rows = embedder(checkpoints["bert"], cache=cache).fit_transform([*TEXTS, *TEXTS, TEXTS[0]])
    assert sorted(texts_through_the_model) == sorted(TEXTS)
    np.testing.assert_array_equal(rows[:8], rows[8:16])


def test_memory_serves_clones_and_other_estimators(checkpoints, texts_through_the_model):
    first = embedder(checkpoints["bert"], cache="memory")
    expected = first.fit_transform(TEXTS)
    np.testing.assert_array_equal(clone(first).fit_transform([*TEXTS, "new"])[:-1], expected)
    assert len(texts_through_the_model) == len(TEXTS) + 1
    assert first.cache_info().rows == len(TEXTS) + 1
    assert first.forget(TEXTS[:3]) == 3
    first.transform(TEXTS)
    assert len(texts_through_the_model) == len(TEXTS) + 4


def test_a_store_in_a_folder_serves_later_estimators(checkpoints, tmp_path, texts_through_the_model):
    first = embedder(checkpoints["bert"], cache=tmp_path / "store").fit_transform(TEXTS)
    np.testing.assert_array_equal(embedder(checkpoints["bert"], cache=tmp_path / "store").fit_transform(TEXTS), first)
    assert len(texts_through_the_model) == len(TEXTS)


@given(data=st.data())
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@pytest.mark.parametrize("kind", ["bert", "gpt2"])
@pytest.mark.filterwarnings("ignore:.*were cut")
def test_any_text_in_any_order_and_number(checkpoints, kind, data):
    text = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
    texts = data.draw(st.lists(text, min_size=1, max_size=8))
    picked = data.draw(st.lists(st.integers(0, len(texts) - 1), min_size=1, max_size=12))
    fitted = embedder(checkpoints[kind], normalize=True).fit(texts)
    rows = fitted.transform(texts)
    assert rows.shape == (len(texts), 32)
    assert np.isfinite(rows).all()
    np.testing.assert_allclose(fitted.transform([texts[i] for i in picked]), rows[picked], atol=3e-7)


def test_many_shards_are_put_together_in_order(checkpoints, monkeypatch):
    expected = embedder(checkpoints["bert"], normalize=True).fit_transform(MANY)
    monkeypatch.setattr(_forward, "_SHARD_TEXTS", 7)
    found = embedder(checkpoints["bert"], normalize=True).fit_transform(MANY)
    np.testing.assert_allclose(found, expected, atol=3e-7)


# Fitting and parameters


def test_before_fit_it_says_so(checkpoints):
    ours = embedder(checkpoints["bert"])
    for method in (ours.transform, ours.transform_tokens, ours.forget, ours.get_feature_names_out):
        with pytest.raises(NotFittedError):
            method(TEXTS)
    with pytest.raises(NotFittedError):
        ours.cache_info()


def test_fit_does_not_run_or_load_the_model(checkpoints, texts_through_the_model):
    before = _model.n_loads
    embedder(checkpoints["bert"]).fit(TEXTS)
    assert _model.n_loads == before
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


# What comes in


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


# Precision


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_half_precision_is_close_and_warns_where_it_is_emulated(checkpoints, monkeypatch, dtype):
    from sklearn_llmtokens.embedding._torch import _precision

    monkeypatch.setattr(_precision, "is_native", lambda dtype: False)
    with pytest.warns(PrecisionWarning, match=f"dtype='{dtype}' is emulated"):
        ours = embedder(checkpoints["bert"], dtype=dtype, normalize=True).fit(TEXTS)
    rows = ours.transform(TEXTS)
    assert rows.dtype == np.float32
    exact = embedder(checkpoints["bert"], normalize=True).fit_transform(TEXTS)
    np.testing.assert_allclose(rows, exact, atol=2e-2)
    assert np.abs(rows - exact).max() > 0
    monkeypatch.setattr(_precision, "is_native", lambda dtype: True)
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


def break_for(monkeypatch, bad, value=float("nan")):
    """Have the forward pass overflow on sequences of `bad` tokens."""
    original = _encode._run_groups

    def broken(loaded, groups, ids, *args):
        states = original(loaded, groups, ids, *args)
        return [
            {k: torch.full_like(v, value) if part.shape[1] == bad else v for k, v in each.items()}
            for part, each in zip(ids, states, strict=True)
        ]

    monkeypatch.setattr(_encode, "_run_groups", broken)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_vector_that_overflows_names_its_text_and_is_not_stored(checkpoints, monkeypatch, value):
    ours = embedder(checkpoints["bert"], cache="memory").fit(TEXTS)
    texts = ["good", "good", "good good good", "friendly"]
    with monkeypatch.context() as patch:
        (tokens,) = ours.transform_tokens(["good good good"])
        break_for(patch, len(tokens.tokens) + 2, value)
        with pytest.raises(NonFiniteVectorError, match=r"^X\[2\] gave NaN or infinity.*float32"):
            ours.transform(texts)
        with pytest.raises(FloatingPointError, match=r"X\[2\]"):
            ours.transform_tokens(texts)
    assert ours.cache_info().rows == 0
    assert np.isfinite(ours.transform(texts)).all()


# Memory of the device


def limit_rows(monkeypatch, n_rows, error=None):
    original, sizes = _encode._run_groups, []

    def limited(loaded, groups, *args):
        sizes.append(sum(len(group) for group in groups))
        if sizes[-1] > n_rows:
            raise error or torch.OutOfMemoryError("CUDA out of memory.")
        return original(loaded, groups, *args)

    monkeypatch.setattr(_encode, "_run_groups", limited)
    return sizes


@pytest.mark.parametrize(
    ("n_rows", "error"),
    [
        (1, None),
        (3, MemoryError()),
        (4, RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes")),
    ],
)
def test_a_batch_that_does_not_fit_is_halved(checkpoints, monkeypatch, n_rows, error):
    expected = embedder(checkpoints["bert"], normalize=True).fit_transform(MANY)
    tokens = embedder(checkpoints["bert"]).fit(MANY).transform_tokens(MANY)
    sizes = limit_rows(monkeypatch, n_rows, error)
    np.testing.assert_allclose(embedder(checkpoints["bert"], normalize=True).fit_transform(MANY), expected, atol=3e-7)
    assert max(sizes) > n_rows
    again = embedder(checkpoints["bert"]).fit(MANY).transform_tokens(MANY)
    for a, b in zip(tokens, again, strict=True):
        np.testing.assert_allclose(a.vectors, b.vectors, atol=2e-6)


def test_one_text_that_does_not_fit_is_named_with_its_length(checkpoints, monkeypatch):
    ours = embedder(checkpoints["bert"]).fit(TEXTS)
    limit_rows(monkeypatch, 0)
    with pytest.raises(OutOfMemoryError, match=r"^X\[0\] has 3 tokens, and does not fit into the memory of cpu"):
        ours.transform(["good"])
    with pytest.raises(MemoryError, match=r"^X\[1\] has \d+ tokens"):
        ours.transform_tokens(["good", TEXTS[6]])


def test_other_errors_of_the_model_are_not_hidden(checkpoints, monkeypatch):
    limit_rows(monkeypatch, 0, RuntimeError("something else"))
    with pytest.raises(RuntimeError, match="something else"):
        embedder(checkpoints["bert"]).fit_transform(TEXTS)


def test_an_interrupted_run_keeps_what_was_computed(checkpoints, monkeypatch, texts_through_the_model):
    monkeypatch.setattr(_forward, "_SHARD_TEXTS", 10)
    ours = embedder(checkpoints["bert"], cache="memory").fit(MANY)
    original = _encode._run_groups

    def interrupted(*args):
        if len(texts_through_the_model) > 50:
            raise KeyboardInterrupt
        return original(*args)

    with monkeypatch.context() as patch:
        patch.setattr(_encode, "_run_groups", interrupted)
        with pytest.raises(KeyboardInterrupt):
            ours.transform(MANY)
    assert ours.cache_info().rows == 50
    texts_through_the_model.clear()
    ours.transform(MANY)
    assert len(texts_through_the_model) == len(MANY) - 50


# One model a process, threads, forks


def test_one_model_is_shared_and_the_least_recently_used_is_dropped(checkpoints):
    before = _model.n_loads
    for _ in range(2):
        embedder(checkpoints["bert"]).fit_transform(TEXTS)
    assert _model.n_loads == before + 1
    for kind in ("gpt2", "t5", "bert"):
        embedder(checkpoints[kind]).fit_transform(TEXTS)
    assert _model.n_loads == before + 4
    assert len(_model._loaded) == _model.MODELS_IN_MEMORY


def test_threads_that_miss_the_same_texts_encode_each_once(checkpoints, texts_through_the_model):
    ours = embedder(checkpoints["bert"], cache="memory").fit(MANY)
    results, barrier = [None] * 8, threading.Barrier(8)

    def work(k):
        barrier.wait()
        texts = [MANY[i] for i in np.random.default_rng(k).permutation(len(MANY))[:100]]
        results[k] = texts, ours.transform(texts)

    threads = [threading.Thread(target=work, args=(k,)) for k in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(texts_through_the_model) == len(set(texts_through_the_model))
    expected = dict(zip(MANY, ours.transform(MANY), strict=True))
    for texts, rows in results:
        np.testing.assert_array_equal(rows, [expected[text] for text in texts])


def test_threads_may_ask_for_different_layers_at_once(checkpoints):
    folder = checkpoints["bert"]
    expected = {k: embedder(folder, layer=k).fit_transform(MANY) for k in (0, 1, 2, 3)}
    found = {}

    def work(layer):
        found[layer] = embedder(folder, layer=layer, batch_tokens=64).fit_transform(MANY)

    threads = [threading.Thread(target=work, args=(k,)) for k in expected]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for layer, rows in expected.items():
        np.testing.assert_allclose(found[layer], rows, atol=1e-5)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_forked_child_uses_the_loaded_model(checkpoints):
    import multiprocessing

    ours = embedder(checkpoints["bert"], cache="memory").fit(MANY)
    expected = ours.transform(MANY[:50])
    with multiprocessing.get_context("fork").Pool(2) as pool:
        for rows in pool.map(ours.transform, [MANY[:50], MANY[:50]], chunksize=1):
            np.testing.assert_array_equal(rows, expected)
        for rows in pool.map(ours.transform, [MANY, MANY], chunksize=1):
            np.testing.assert_allclose(rows, ours.transform(MANY), atol=1e-6)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_fork_while_threads_run_the_model(checkpoints):
    """Locks that a thread holds at the moment of the fork are free in the child."""
    import multiprocessing

    ours = embedder(checkpoints["bert"], cache="memory").fit(MANY)
    ours.transform(TEXTS)
    stop = threading.Event()

    def work():
        while not stop.is_set():
            embedder(checkpoints["bert"]).fit_transform(MANY[:20])

    thread = threading.Thread(target=work)
    thread.start()
    try:
        for _ in range(3):
            context = multiprocessing.get_context("fork")
            child = context.Process(target=ours.transform, args=(MANY[:30],))
            child.start()
            child.join(60)
            assert child.exitcode == 0
    finally:
        stop.set()
        thread.join()


def test_workers_give_the_same_rows(checkpoints):
    serial = embedder(checkpoints["bert"], normalize=True).fit_transform(MANY)
    parallel = embedder(checkpoints["bert"], normalize=True, n_jobs=2).fit(MANY)
    np.testing.assert_allclose(parallel.transform(MANY), serial, atol=1e-6)
    long = ["good", "a", "b", TEXTS[6], "c"]
    with pytest.raises(ValueError, match=r"^X\[3\] has more than 16 tokens"):
        embedder(checkpoints["bert"], n_jobs=2, max_length=16, long_text="error").fit_transform(long)


def test_progress_goes_to_stderr_and_counts_every_text(checkpoints, capsys):
    embedder(checkpoints["bert"], verbose=1, cache="memory").fit_transform([*TEXTS, *TEXTS])
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "8/8" in shown.err
    assert "tokens/s, 0% from the cache" in shown.err
    embedder(checkpoints["bert"], verbose=1, cache="memory").fit_transform(TEXTS)
    assert "100% from the cache" in capsys.readouterr().err
    embedder(checkpoints["bert"], verbose=0).fit_transform(TEXTS)
    assert capsys.readouterr().err == ""


def test_progress_of_windows_counts_texts(checkpoints, capsys):
    texts = [TEXTS[6] * 10, "good"]
    embedder(checkpoints["bert"], verbose=1, max_length=16, long_text="chunk").fit_transform(texts)
    assert "2/2" in capsys.readouterr().err


def test_bundled_checkpoint_is_the_default():
    rows = LLMTokenEmbedder().fit_transform(["物流很快", "The room was clean", ""])
    assert rows.dtype == np.float32
    assert np.isfinite(rows).all()


def test_out_gets_the_rows_in_place(checkpoints, tmp_path):
    texts = TEXTS + TEXTS[::-1]
    embedder = LLMTokenEmbedder(checkpoints["bert"], cache=None, normalize=True).fit(texts)
    rows = embedder.transform(texts)
    for dtype, tolerance in ((np.float32, 0), (np.float16, 1e-3)):
        out = np.memmap(tmp_path / np.dtype(dtype).name, dtype, "w+", shape=rows.shape)
        assert embedder.transform(texts, out=out) is out
        np.testing.assert_allclose(out, rows, atol=tolerance, rtol=0)


def test_out_with_missing_texts_and_columns(checkpoints):
    X = np.array([["good", None], [None, "good"], ["屏幕", "good"]], dtype=object)
    embedder = LLMTokenEmbedder(checkpoints["bert"], missing="zero").fit(X)
    out = np.full((3, 2 * HIDDEN), 7, dtype=np.float32)
    embedder.transform(X, out=out)
    good = embedder.transform(np.array([["good", "good"]]))[0, :HIDDEN]
    np.testing.assert_allclose(out[0], np.r_[good, np.zeros(HIDDEN)], atol=1e-6)
    np.testing.assert_allclose(out[1], np.r_[np.zeros(HIDDEN), good], atol=1e-6)
    np.testing.assert_allclose(out[2, HIDDEN:], good, atol=1e-6)


@pytest.mark.parametrize(
    ("out", "error"),
    [
        (np.empty((2, HIDDEN)), TypeError),
        ([[0.0] * HIDDEN] * 2, TypeError),
        (np.empty((3, HIDDEN), np.float32), ValueError),
        (np.empty((2, 2 * HIDDEN), np.float32)[:, ::2], ValueError),
    ],
)
def test_out_that_cannot_hold_the_rows_is_refused(checkpoints, out, error):
    embedder = LLMTokenEmbedder(checkpoints["bert"]).fit(TEXTS)
    with pytest.raises(error, match="out must be"):
        embedder.transform(TEXTS[:2], out=out)


def test_an_interrupted_transform_keeps_what_it_computed(checkpoints, tmp_path, monkeypatch):
    from sklearn_llmtokens.embedding import _forward, _sharding

    encoded = []
    encode = _sharding._encode

    def counted(texts, *args):
        if len(encoded) == 6 and stop:
            raise KeyboardInterrupt
        encoded.extend(texts)
        return encode(texts, *args)

    monkeypatch.setattr(_forward, "_SHARD_TEXTS", 2)
    monkeypatch.setattr(_sharding, "_encode", counted)
    embedder = LLMTokenEmbedder(checkpoints["bert"], cache=tmp_path / "vectors").fit(TEXTS)
    stop = True
    with pytest.raises(KeyboardInterrupt):
        embedder.transform(TEXTS)
    stop = False
    rows = embedder.transform(TEXTS)
    assert sorted(encoded) == sorted(TEXTS)
    np.testing.assert_allclose(rows, embedder.set_params(cache=None).transform(TEXTS), atol=1e-6)


@pytest.mark.parametrize("on_disk", [False, True])
def test_a_text_that_is_not_in_the_store_is_one_miss(checkpoints, tmp_path, on_disk):
    texts = [f"text {i} of this test" for i in range(30)]
    ours = embedder(checkpoints["bert"], cache=str(tmp_path / "store") if on_disk else "memory").fit(texts)
    before = ours.cache_info()
    ours.transform(texts)
    cold = ours.cache_info()
    ours.transform(texts)
    warm = ours.cache_info()
    assert (cold.hits - before.hits, cold.misses - before.misses) == (0, 30)
    assert (warm.hits - cold.hits, warm.misses - cold.misses) == (30, 0)


def test_a_damaged_row_is_told_of_once(checkpoints, tmp_path):
    texts = [f"text {i} of this test" for i in range(30)]
    ours = embedder(checkpoints["bert"], cache=str(tmp_path / "store")).fit(texts)
    vectors = ours.transform(texts)
    open_store(ours.cache, ours.fingerprint_).close()  # what was read lately is in memory until then
    (path,) = (tmp_path / "store").glob("*.sqlite3")
    data = path.read_bytes()
    at = data.index(vectors[7].tobytes())
    path.write_bytes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
    with pytest.warns(StoreWarning, match="1 damaged row") as caught:
        again = ours.transform(texts)
    assert len(caught) == 1
    np.testing.assert_array_equal(again, vectors)

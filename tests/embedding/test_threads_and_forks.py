"""One model a process, for its threads, forks and workers."""

import os
import threading

import numpy as np
import pytest

from tests.checkpoints import TEXTS
from tests.embedding.uncached import MANY, embedder
from tests.inside import encoder_of, n_loaded, n_loads


def test_one_model_is_shared_and_the_least_recently_used_is_dropped(checkpoints):
    before = n_loads()
    for _ in range(2):
        embedder(checkpoints["bert"]).fit_transform(TEXTS)
    assert n_loads() == before + 1
    for kind in ("gpt2", "t5", "bert"):
        embedder(checkpoints[kind]).fit_transform(TEXTS)
    assert n_loads() == before + 4
    assert n_loaded() == 2


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


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_fork_while_a_thread_is_between_two_layers(checkpoints):
    """The hooks of that thread's pass have no effect in the child."""
    import multiprocessing

    folder = checkpoints["qwen3"]
    expected = {layer: embedder(folder, layer=layer).fit_transform(TEXTS) for layer in (1, 2, -1)}
    inside, forked = threading.Event(), threading.Event()
    thread = threading.Thread(target=lambda: embedder(folder, layer=1).fit_transform(TEXTS))

    def stop_the_thread(*_):
        if threading.current_thread() is thread:
            inside.set()
            assert forked.wait(60)

    def check():
        for layer, rows in expected.items():
            np.testing.assert_allclose(embedder(folder, layer=layer).fit_transform(TEXTS), rows, atol=1e-5)

    first = encoder_of(embedder(folder).fit(TEXTS)).loaded.transformer.layers[0]
    hook = first.register_forward_pre_hook(stop_the_thread)
    thread.start()
    try:
        assert inside.wait(60)
        child = multiprocessing.get_context("fork").Process(target=check)
        child.start()
        child.join(60)
    finally:
        forked.set()
        thread.join()
        hook.remove()
    assert child.exitcode == 0

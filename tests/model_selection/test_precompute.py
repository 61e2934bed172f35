"""One forward pass for a whole search, whatever the search and the pipeline look like."""

import os
from pathlib import Path

import numpy as np
import optuna
import pandas as pd
import platformdirs
import pytest
from scipy.stats import loguniform
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.decomposition import PCA
from sklearn.ensemble import StackingClassifier, VotingClassifier
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import (
    GridSearchCV,
    HalvingGridSearchCV,
    HalvingRandomSearchCV,
    RandomizedSearchCV,
    cross_val_score,
)
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder

from sklearn_llmtokens import LLMTokenEmbedder
from sklearn_llmtokens.exceptions import StoreError
from sklearn_llmtokens.model_selection import precompute
from tests.inside import replace_encode, set_chunk_texts, spy_on_texts

TEXTS = np.array([f"text {i % 17} {'good' if i % 2 else 'bad'} " + "word " * (i % 5) for i in range(40)], dtype=object)
Y = np.arange(40) % 2
N_DISTINCT = len(set(TEXTS))
LAYERS = {"embed__layer": [-1, -2, 0]}


@pytest.fixture
def encoded(monkeypatch):
    """The texts that go through the model, in order."""
    return spy_on_texts(monkeypatch)


@pytest.fixture
def embedder(checkpoints):
    return LLMTokenEmbedder(str(checkpoints["bert"]))


@pytest.fixture
def pipeline(embedder):
    return Pipeline([("embed", embedder), ("model", LogisticRegression())])


def assert_foreseen(search, encoded, tmp_path, n_passes=1, X=TEXTS, n_distinct=N_DISTINCT):
    ready = precompute(search, X, Y, cache=tmp_path / "vectors")
    assert len(encoded) == n_passes * n_distinct
    assert len(set(encoded)) <= n_distinct
    encoded.clear()
    ready.fit(X, Y)
    assert encoded == []
    return ready


def test_layers_poolings_lengths_and_truncations_come_from_one_pass(pipeline, encoded, tmp_path):
    grid = {
        "embed__layer": [-1, 0, (1, 2)],
        "embed__pooling": ["mean", "max", ("cls", "last")],
        "embed__normalize": [True, False],
        "embed__truncate_dim": [None, 5],
        "model__C": [0.1, 1],
    }
    ready = assert_foreseen(GridSearchCV(pipeline, grid, cv=2), encoded, tmp_path)
    for layer, pooling in ((0, "max"), ((1, 2), ("cls", "last"))):
        stored = clone(ready.estimator[0]).set_params(layer=layer, pooling=pooling, normalize=False)
        np.testing.assert_allclose(
            stored.fit_transform(TEXTS), clone(stored).set_params(cache=None).fit_transform(TEXTS), atol=2e-6
        )


def test_the_search_gives_what_it_gives_without(pipeline, tmp_path):
    grid = {"embed__pooling": ["mean", "max"], "model__C": [0.1, 10]}
    search = GridSearchCV(pipeline, grid, cv=2)
    plain, ready = clone(search).fit(TEXTS, Y), precompute(search, TEXTS, Y, cache=tmp_path).fit(TEXTS, Y)
    np.testing.assert_allclose(plain.cv_results_["mean_test_score"], ready.cv_results_["mean_test_score"])
    assert plain.best_params_ == ready.best_params_


def test_every_prompt_is_a_pass(pipeline, encoded, tmp_path):
    grid = {"embed__prompt": [None, "about: {text}", "{text} in one word:"], "embed__layer": [-1, -2]}
    assert_foreseen(GridSearchCV(pipeline, grid, cv=2), encoded, tmp_path, n_passes=3)


def test_a_list_of_grids_and_whole_embedders_in_it(pipeline, encoded, tmp_path, checkpoints):
    other = LLMTokenEmbedder(str(checkpoints["gpt2"]), pooling="last")
    grids = [
        {"embed__layer": [-1, -2]},
        {"embed": [other, clone(other).set_params(pooling="mean")], "model__C": [1]},
        {"embed": [TfidfVectorizer()]},
    ]
    ready = assert_foreseen(GridSearchCV(pipeline, grids, cv=2), encoded, tmp_path, n_passes=2)
    assert os.fspath(ready.param_grid[1]["embed"][0].cache) == str(tmp_path / "vectors")
    assert other.cache == "memory"


def test_embedders_in_lists_of_steps_in_a_grid(pipeline, embedder, encoded, tmp_path):
    other = clone(embedder).set_params(layer=0)
    union = FeatureUnion([("words", TfidfVectorizer()), ("a", embedder)])
    searches = [
        GridSearchCV(pipeline, {"steps": [[("embed", other), ("model", LogisticRegression())]]}, cv=2),
        GridSearchCV(
            make_pipeline(union, LogisticRegression()),
            {"featureunion__transformer_list": [[("b", other)], [("words", TfidfVectorizer()), ("c", clone(other))]]},
            cv=2,
        ),
    ]
    for search, folder in zip(searches, "ab", strict=True):
        ready = assert_foreseen(search, encoded, tmp_path / folder)
        parts = ready.best_estimator_.get_params().values()
        caches = {os.fspath(part.cache) for part in parts if isinstance(part, LLMTokenEmbedder)}
        assert caches == {str(tmp_path / folder / "vectors")}
    assert other.cache == "memory"


def test_steps_before_the_embedder_are_run(embedder, encoded, tmp_path):
    pipeline = make_pipeline(FunctionTransformer(shorten), embedder, PCA(3), LogisticRegression())
    search = GridSearchCV(pipeline, {"functiontransformer__kw_args": [{"n": 6}, {"n": 8}], "pca__n_components": [2, 3]})
    n_distinct = len({text[:n] for text in TEXTS for n in (6, 8)})
    assert_foreseen(search, encoded, tmp_path, n_distinct=n_distinct)


def shorten(texts, n=7):
    return np.array([text[:n] for text in texts], dtype=object)


def test_steps_that_cannot_be_hashed(embedder, encoded, tmp_path):
    pipeline = make_pipeline(FunctionTransformer(lambda texts: texts[:]), embedder, LogisticRegression())
    assert_foreseen(GridSearchCV(pipeline, {"logisticregression__C": [1, 2]}, cv=2), encoded, tmp_path)


def test_columns_branches_and_nested_pipelines(embedder, encoded, tmp_path):
    frame = pd.DataFrame({"title": TEXTS, "body": TEXTS[::-1] + "!", "shop": list("ab") * 20})
    features = ColumnTransformer(
        [
            ("title", make_pipeline(embedder, PCA(3)), "title"),
            ("body", clone(embedder).set_params(pooling="max"), ["body"]),
            ("both", FeatureUnion([("words", TfidfVectorizer()), ("meaning", clone(embedder))]), "body"),
            ("shop", OneHotEncoder(), ["shop"]),
        ],
        n_jobs=2,
    )
    pipeline = Pipeline([("features", features), ("model", LogisticRegression())])
    grid = {
        "features__title__llmtokenembedder__layer": [-1, 0],
        "features__title__pca__n_components": [2, 3],
        "features__body__prompt": [None, "body: {text}"],
    }
    search = GridSearchCV(pipeline, grid, cv=2)
    ready = precompute(search, frame, Y, cache=tmp_path)
    # The titles, and the bodies with and without the prompt; a body that two embedders read goes through once.
    assert len(encoded) == 3 * N_DISTINCT
    encoded.clear()
    ready.set_params(estimator__features__n_jobs=None).fit(frame, Y)
    assert encoded == []


@pytest.mark.parametrize(
    "wrap",
    [
        lambda pipeline: OneVsRestClassifier(pipeline),
        lambda pipeline: CalibratedClassifierCV(pipeline, cv=2),
        lambda pipeline: VotingClassifier([("a", pipeline), ("b", clone(pipeline).set_params(embed__layer=0))]),
        lambda pipeline: make_pipeline(FunctionTransformer(), OneVsRestClassifier(pipeline)),
        lambda pipeline: StackingClassifier([("a", pipeline), ("b", clone(pipeline).set_params(embed__layer=0))], cv=2),
        lambda pipeline: TransformedTargetRegressor(clone(pipeline).set_params(model=Ridge())),
        lambda pipeline: Pipeline([("search", GridSearchCV(pipeline, {"model__C": [1, 2]}, cv=2))]),
        lambda pipeline: Pipeline([("search", GridSearchCV(pipeline, LAYERS, cv=2))]),
        lambda pipeline: GridSearchCV(GridSearchCV(pipeline, LAYERS, cv=2), {"estimator__embed__pooling": ["max"]}),
        lambda pipeline: GridSearchCV(
            Pipeline([("inner", pipeline)]),
            {"inner": [GridSearchCV(pipeline, {"embed": [clone(pipeline[0]).set_params(layer=0)]}, cv=2)]},
            cv=2,
        ),
        lambda pipeline: StackingClassifier(
            [
                ("a", GridSearchCV(pipeline, LAYERS, cv=2)),
                ("b", RandomizedSearchCV(pipeline, {"embed__pooling": ["cls", "max", "last"]}, n_iter=2, cv=2)),
            ],
            cv=2,
        ),
        lambda pipeline: pipeline,
    ],
    ids=[
        "one vs rest",
        "calibrated",
        "voting",
        "inside a pipeline",
        "stacking",
        "regressor",
        "nested",
        "search in a pipeline",
        "search in a search",
        "search in a grid",
        "searches side by side",
        "plain",
    ],
)
def test_what_is_wrapped_around_a_pipeline(pipeline, encoded, tmp_path, wrap):
    assert_foreseen(wrap(pipeline), encoded, tmp_path)


def test_an_embedder_alone(embedder, encoded, tmp_path):
    ready = assert_foreseen(embedder, encoded, tmp_path)
    assert ready.fit_transform(TEXTS).shape == (40, ready.n_features_out_)
    assert encoded == []


@pytest.mark.parametrize("random_state", [None, 0, np.random.RandomState(3)], ids=["None", "int", "RandomState"])
def test_a_randomized_search_tries_what_was_prepared(pipeline, encoded, tmp_path, random_state):
    distributions = {
        "embed__layer": [-1, -2, 0],
        "embed__pooling": ["mean", "max", "cls"],
        "model__C": loguniform(0.1, 1),
    }
    search = RandomizedSearchCV(pipeline, distributions, n_iter=3, cv=2, random_state=random_state)
    ready = assert_foreseen(search, encoded, tmp_path)
    assert search.random_state is random_state
    assert isinstance(ready.random_state, int)


@pytest.mark.parametrize(
    "search",
    [
        lambda pipeline, grid: HalvingGridSearchCV(pipeline, grid, cv=2, random_state=0),
        lambda pipeline, grid: HalvingRandomSearchCV(pipeline, grid, cv=2, random_state=0),
        # Rows enough for both classes in each fold, whichever seed it is given.
        lambda pipeline, grid: HalvingRandomSearchCV(pipeline, grid, cv=2, n_candidates=3, min_resources=20),
    ],
    ids=["grid", "random", "random with a number"],
)
def test_halving_searches(pipeline, encoded, tmp_path, search):
    grid = {"embed__layer": [-1, -2, 0], "embed__pooling": ["mean", "max"]}
    assert_foreseen(search(pipeline, grid), encoded, tmp_path)


def test_a_loop_written_by_hand(pipeline, encoded, tmp_path):
    grid = {"embed__layer": [-1, -2], "embed__pooling": ["mean", "max"]}
    ready = precompute(GridSearchCV(pipeline, grid), TEXTS, Y, cache=tmp_path).estimator
    encoded.clear()
    for layer in (-1, -2):
        clone(ready).set_params(embed__layer=layer, embed__pooling="max").fit(TEXTS[::3], Y[::3]).predict(TEXTS)
    assert encoded == []


def test_trials_of_optuna(pipeline, encoded, tmp_path):
    grid = {"embed__layer": [-1, -2], "embed__pooling": ["mean", "max"]}
    ready = precompute(GridSearchCV(pipeline, grid), TEXTS, Y, cache=tmp_path).estimator
    assert sorted(encoded) == sorted(set(TEXTS))
    encoded.clear()

    def score(trial):
        chosen = {name: trial.suggest_categorical(name, values) for name, values in grid.items()}
        chosen["model__C"] = trial.suggest_float("model__C", 0.01, 10, log=True)
        return cross_val_score(clone(ready).set_params(**chosen), TEXTS, Y, cv=2).mean()

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=0))
    study.optimize(score, n_trials=12)
    assert len({(trial.params["embed__layer"], trial.params["embed__pooling"]) for trial in study.trials}) > 1
    assert encoded == []


def test_a_trial_beyond_the_grid_embeds_once_when_it_gets_there(pipeline, encoded, tmp_path):
    ready = precompute(GridSearchCV(pipeline, {"embed__layer": [-1, -2]}), TEXTS, Y, cache=tmp_path).estimator
    encoded.clear()
    for c in (0.1, 1, 10):
        clone(ready).set_params(embed__layer=0, model__C=c).fit(TEXTS, Y)
    assert sorted(encoded) == sorted(set(TEXTS))


def test_halving_with_a_number_of_candidates_that_depends_on_the_rows(pipeline, encoded, tmp_path):
    distributions = {"embed__layer": [-1, 0], "embed__pooling": ["mean", "max"], "model__C": loguniform(0.1, 1)}
    search = HalvingRandomSearchCV(pipeline, distributions, n_candidates="exhaust", cv=2, random_state=0)
    assert_foreseen(search, encoded, tmp_path)


def test_what_is_there_is_not_computed_again(pipeline, encoded, tmp_path):
    precompute(pipeline, TEXTS[:20], Y[:20], cache=tmp_path)
    encoded.clear()
    precompute(GridSearchCV(pipeline, {"embed__layer": [-1, -2]}), TEXTS, Y, cache=tmp_path)
    assert sorted(encoded) == sorted(set(TEXTS))
    encoded.clear()
    precompute(
        GridSearchCV(pipeline, {"embed__layer": [-1, -2]}), np.append(TEXTS, "new"), np.append(Y, 1), cache=tmp_path
    )
    assert encoded == ["new"]


def test_texts_that_were_not_foreseen_are_embedded_once_when_they_are_met(pipeline, encoded, tmp_path):
    ready = precompute(pipeline, TEXTS[:20], Y[:20], cache=tmp_path)
    encoded.clear()
    ready.fit(TEXTS, Y).predict(TEXTS)
    assert sorted(encoded) == sorted(set(TEXTS) - set(TEXTS[:20]))


def test_a_run_that_was_interrupted_goes_on_where_it_was(pipeline, encoded, tmp_path, monkeypatch):
    set_chunk_texts(monkeypatch, 5)

    def interrupt(encode, encoder, some, *arguments, **keywords):
        if len(encoded) >= 20:
            raise KeyboardInterrupt
        return encode(encoder, some, *arguments, **keywords)

    with monkeypatch.context() as patch:
        replace_encode(patch, interrupt)
        with pytest.raises(KeyboardInterrupt):
            precompute(pipeline, TEXTS, Y, cache=tmp_path)
    precompute(pipeline, TEXTS, Y, cache=tmp_path)
    assert sorted(encoded) == sorted(set(TEXTS))


def test_a_dry_run_gives_a_receipt_and_keeps_nothing(pipeline, tmp_path):
    grid = {"embed__prompt": [None, "about: {text}"], "embed__layer": [-1, -2], "embed__truncate_dim": [None, 4]}
    search = GridSearchCV(pipeline, grid)
    receipt = precompute(search, TEXTS, Y, cache=tmp_path, dry_run=True)
    assert not list(tmp_path.glob("*.sqlite3"))
    assert (receipt.n_texts, receipt.n_encoded, receipt.n_passes) == (2 * N_DISTINCT, 2 * N_DISTINCT, 2)
    assert receipt.seconds > 0
    n_tokens = []

    def count(encode, *arguments, **keywords):
        done = encode(*arguments, **keywords)
        n_tokens.append(done.n_tokens)
        return done

    with pytest.MonkeyPatch.context() as patch:
        replace_encode(patch, count)
        precompute(search, TEXTS, Y, cache=tmp_path)
    assert receipt.n_tokens == sum(n_tokens)
    after = precompute(search, TEXTS, Y, cache=tmp_path, dry_run=True)
    assert (after.n_texts, after.n_encoded, after.n_tokens, after.n_passes) == (2 * N_DISTINCT, 0, 0, 0)
    assert (after.seconds, after.bytes) == (0, 0)


def test_the_bytes_of_a_receipt_are_those_of_the_file(embedder, tmp_path):
    texts = [f"{i}" for i in range(1500)]
    receipt = precompute(embedder, texts, cache=tmp_path, dry_run=True)
    precompute(embedder, texts, cache=tmp_path)
    (file,) = tmp_path.glob("*.sqlite3")
    assert receipt.bytes == pytest.approx(file.stat().st_size, rel=0.35)


def test_a_search_that_outgrows_the_store_is_refused_before_the_pass(pipeline, encoded, tmp_path, monkeypatch):
    monkeypatch.setenv("SKLEARN_LLMTOKENS_STORE_BYTES", "5000")
    with pytest.raises(StoreError, match=r"take [\d,]+ bytes.*bounded to 5,000.*SKLEARN_LLMTOKENS_STORE_BYTES=\d+"):
        precompute(pipeline, TEXTS, Y, cache=tmp_path)
    assert encoded == []


def test_nothing_of_the_callers_is_changed(pipeline, tmp_path):
    pipeline.set_params(memory=str(tmp_path / "steps"))
    search = RandomizedSearchCV(pipeline, {"embed": [clone(pipeline[0])]}, n_iter=1, random_state=0)
    before = repr(search)
    ready = precompute(search, TEXTS, Y, cache=tmp_path / "vectors")
    assert repr(search) == before
    assert not (tmp_path / "steps").exists()
    assert ready.estimator.memory == pipeline.memory
    assert os.fspath(ready.param_distributions["embed"][0].cache) == str(tmp_path / "vectors")


def test_where_the_store_lies_by_default(pipeline, tmp_path, monkeypatch):
    for name in ("HOME", "XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.setenv(name, str(tmp_path))
    folder = platformdirs.user_cache_path("sklearn_llmtokens") / "vectors"
    assert os.fspath(precompute(pipeline, TEXTS, Y)[0].cache) == str(folder)
    assert tmp_path in folder.parents
    own = tmp_path / "own"
    assert precompute(pipeline.set_params(embed__cache=own), TEXTS, Y)[0].cache == own
    assert list(own.glob("*.sqlite3"))


def test_a_folder_may_have_the_name_of_the_memory(pipeline, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert os.fspath(precompute(pipeline, TEXTS, Y, cache=Path("memory"))[0].cache) == str(tmp_path / "memory")
    assert list((tmp_path / "memory").glob("*.sqlite3"))
    with pytest.raises(StoreError, match="names no folder"):
        precompute(pipeline, TEXTS, Y, cache="")


def test_weighted_words_are_part_of_what_is_stored(embedder, encoded, tmp_path):
    pipeline = Pipeline([("embed", embedder)])
    grid = {"embed__word_weights": [FirstWord(1.0), FirstWord(2.0), None], "embed__layer": [-1, -2]}
    ready = precompute(GridSearchCV(pipeline, grid), TEXTS, Y, cache=tmp_path)
    assert len(encoded) == 3 * N_DISTINCT
    encoded.clear()
    for weights in grid["embed__word_weights"]:
        clone(ready.estimator).set_params(embed__word_weights=weights).fit_transform(TEXTS)
    assert encoded == []


class FirstWord:
    def __init__(self, weight):
        self.weight = weight

    def word_spans(self, text):
        return [(0, 4, self.weight), (4, len(text), 1.0)]

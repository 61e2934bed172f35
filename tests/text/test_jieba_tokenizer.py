import pickle
import subprocess
import sys
import types

import joblib
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.utils._param_validation import InvalidParameterError

from sklearn_llmtokens.exceptions import InvalidTextError, MissingTextError, TextTypeError
from sklearn_llmtokens.text import JiebaTokenizer, TextNormalizer
from tests.inside import forget_built

TEXTS = ["我来到北京清华大学", "", "他来到了网易杭研大厦", " \n", "我来到北京清华大学"]
CUT = ["我 来到 北京 清华大学", "", "他 来到 了 网易 杭研 大厦", "", "我 来到 北京 清华大学"]


def test_list_and_array_give_an_array():
    tokenizer = JiebaTokenizer().fit(TEXTS)
    for X in (
        TEXTS,
        tuple(TEXTS),
        np.array(TEXTS),
        np.array(TEXTS, dtype=object),
        np.array(TEXTS, dtype=np.dtypes.StringDType()),
    ):
        out = tokenizer.transform(X)
        assert isinstance(out, np.ndarray)
        assert out.dtype == object
        assert out.tolist() == CUT


@pytest.mark.parametrize("dtype", [None, object, "string[pyarrow]", "category"])
def test_pandas_series_keeps_its_index_and_name(dtype):
    X = pd.Series(TEXTS, index=[7, 3, 9, 1, 2], name="review", dtype=dtype)
    out = JiebaTokenizer().fit_transform(X)
    assert isinstance(out, pd.Series)
    assert out.name == "review"
    assert out.index.tolist() == X.index.tolist()
    assert out.tolist() == CUT


def test_frames_keep_their_kind_shape_and_index():
    X = pd.DataFrame({"title": TEXTS, "body": TEXTS[::-1]}, index=[7, 3, 9, 1, 2])
    out = JiebaTokenizer().fit_transform(X)
    assert isinstance(out, pd.DataFrame)
    assert out.index.tolist() == X.index.tolist()
    assert out["title"].tolist() == CUT
    assert out["body"].tolist() == CUT[::-1]
    assert JiebaTokenizer().fit_transform(X.to_numpy()).shape == (5, 2)
    polars = JiebaTokenizer().fit_transform(pl.DataFrame({"title": TEXTS}))
    assert isinstance(polars, pl.DataFrame)
    assert polars["title"].to_list() == CUT
    assert JiebaTokenizer().fit_transform(pl.Series("t", TEXTS)).to_list() == CUT
    assert JiebaTokenizer().fit_transform(pa.chunked_array([TEXTS])).to_pylist() == CUT


def test_no_rows_give_no_rows():
    assert JiebaTokenizer().fit(TEXTS).transform(np.array([], dtype=object)).shape == (0,)


def test_each_distinct_text_is_cut_once(monkeypatch):
    rjieba = pytest.importorskip("rjieba", reason="the fast engine is optional")
    seen = []

    class Recording(rjieba.Jieba):
        def cut(self, text, hmm):
            seen.append(text)
            return super().cut(text, hmm)

    monkeypatch.setattr(rjieba, "Jieba", Recording)
    forget_built(monkeypatch, {"_build"})
    JiebaTokenizer().fit_transform(pd.DataFrame({"a": TEXTS, "b": TEXTS}))
    assert "".join(seen).count("我来到北京清华大学") == 1


def test_worker_processes_give_the_same():
    texts = [f"{text}{i}" * 100 for i in range(40) for text in TEXTS]  # enough characters for two processes
    tokenizer = JiebaTokenizer("search", user_dict=["杭研大厦"], stop_words=["了"], n_jobs=2).fit(texts)
    assert tokenizer.transform(texts).tolist() == clone(tokenizer).set_params(n_jobs=None).fit_transform(texts).tolist()


@pytest.mark.parametrize("transform_output", ["pandas", "polars", "default"])
def test_set_output_leaves_texts_alone(transform_output):
    tokenizer = JiebaTokenizer()
    assert tokenizer.set_output(transform=transform_output) is tokenizer
    assert isinstance(tokenizer.fit_transform(TEXTS), np.ndarray)
    pipeline = make_pipeline(JiebaTokenizer(), CountVectorizer(token_pattern=r"\S+")).set_params()
    pipeline[:1].set_output(transform=transform_output)
    series = pd.Series(TEXTS, index=[7, 3, 9, 1, 2])
    assert pipeline.fit_transform(series).shape[0] == 5


def test_global_output_setting_leaves_texts_alone():
    import sklearn

    with sklearn.config_context(transform_output="pandas"):
        out = make_pipeline(JiebaTokenizer(), TfidfVectorizer(token_pattern=r"\S+"))[:1].fit_transform(TEXTS)
    assert isinstance(out, np.ndarray)


def test_feature_names_out():
    assert JiebaTokenizer().fit(TEXTS).get_feature_names_out().tolist() == ["x0"]
    frame = pd.DataFrame({"title": TEXTS, "body": TEXTS})
    tokenizer = JiebaTokenizer().fit(frame)
    assert tokenizer.get_feature_names_out().tolist() == ["title", "body"]
    assert tokenizer.n_features_in_ == 2


def test_callable_and_transform_agree():
    tokenizer = JiebaTokenizer("search", stop_words="zh", lowercase=True, stemmer="english")
    texts = [*TEXTS, "The Runners were running 在北京的清华大学"]
    assert [" ".join(tokenizer(text)) for text in texts] == tokenizer.fit_transform(texts).tolist()


def test_transform_needs_fit_and_the_callable_does_not():
    with pytest.raises(NotFittedError):
        JiebaTokenizer().transform(TEXTS)
    assert JiebaTokenizer()(TEXTS[0]) == CUT[0].split()


def test_calls_leave_the_instance_as_it_was():
    tokenizer = JiebaTokenizer(stop_words=["了"])
    before = dict(vars(tokenizer))
    tokenizer(TEXTS[0])
    tokenizer.word_spans(TEXTS[0])
    assert vars(tokenizer) == before
    tokenizer.fit(TEXTS)
    before = dict(vars(tokenizer))
    tokenizer.transform(TEXTS)
    tokenizer(TEXTS[0])
    assert vars(tokenizer) == before


def test_parameters_that_change_take_effect_in_the_callable():
    tokenizer = JiebaTokenizer()
    assert tokenizer("清华大学") == ["清华大学"]
    assert tokenizer.set_params(mode="search")("清华大学") == ["清华", "华大", "大学", "清华大学"]
    assert tokenizer.set_params(mode="accurate", stop_words=["清华大学"])("清华大学") == []


_ARROW = pa.chunked_array([["快递很快", "Ｔ恤"], [], ["包装很好"]])
_COLUMNS = {
    "list": _ARROW.to_pylist(),
    "chunked": _ARROW,
    "array": _ARROW.combine_chunks(),
    "large": _ARROW.cast(pa.large_string()),
    "view": _ARROW.cast(pa.string_view()),
    "dictionary": _ARROW.dictionary_encode(),
    "scalars": list(_ARROW),
    "table": pa.table({"text": _ARROW})["text"],
    "batch": pa.table({"text": _ARROW}).combine_chunks().to_batches()[0]["text"],
    "pandas": pd.Series(_ARROW.to_pylist()),
    "pandas arrow": pd.Series(_ARROW.to_pylist(), dtype=pd.ArrowDtype(pa.string())),
    "pandas arrow dictionary": pd.Series(
        _ARROW.dictionary_encode().combine_chunks(), dtype=pd.ArrowDtype(_ARROW.dictionary_encode().type)
    ),
    "pandas category": pd.Series(_ARROW.to_pylist(), dtype="category"),
    "pandas index": pd.Index(_ARROW.to_pylist()),
    "polars": pl.Series(_ARROW.to_pylist()),
    "polars category": pl.Series(_ARROW.to_pylist(), dtype=pl.Categorical),
    "polars enum": pl.Series(_ARROW.to_pylist(), dtype=pl.Enum(_ARROW.to_pylist())),
    "numpy": np.array(_ARROW.to_pylist()),
    "numpy object": np.array(_ARROW.to_pylist(), dtype=object),
    "numpy StringDType": np.array(_ARROW.to_pylist(), dtype=np.dtypes.StringDType()),
}


@pytest.mark.parametrize("column", _COLUMNS.values(), ids=_COLUMNS.keys())
def test_vectorizer_goes_over_any_column(column):
    names = ["T恤", "包装", "好", "很", "很快", "快递"]
    words = TfidfVectorizer(analyzer=_NormalizedWords())
    assert words.fit(column).get_feature_names_out().tolist() == names
    assert words.transform(column).nnz == 6
    normalized = TfidfVectorizer(preprocessor=TextNormalizer(), tokenizer=JiebaTokenizer(), token_pattern=None)
    assert sorted(name.upper() for name in normalized.fit(column).vocabulary_) == names
    assert [list(map(tuple, JiebaTokenizer().word_spans(text))) for text in column] == [
        JiebaTokenizer().word_spans(text) for text in _ARROW.to_pylist()
    ]


class _NormalizedWords:
    def __call__(self, text):
        return JiebaTokenizer()(TextNormalizer()(text))


@pytest.mark.parametrize("text", [pa.scalar(None, pa.string()), pa.scalar(5), pa.scalar(b"a"), pa.scalar(["a"])])
def test_arrow_scalars_that_are_no_text_are_refused(text):
    for use in (JiebaTokenizer(), TextNormalizer(), JiebaTokenizer().word_spans):
        with pytest.raises(TextTypeError, match="One text as a str is expected"):
            use(text)


def test_vectorizer_searches_the_mode():
    texts = ["快递很快，包装很好", "质量太差了，退货", "非常喜欢，好评", "坏的，差评"] * 5
    labels = [1, 0, 1, 0] * 5
    pipeline = make_pipeline(TfidfVectorizer(analyzer=JiebaTokenizer()), LogisticRegression())
    search = GridSearchCV(pipeline, {"tfidfvectorizer__analyzer__mode": ["accurate", "full", "search"]}, cv=2)
    search.fit(texts, labels)
    assert search.best_score_ == 1
    assert len(search.cv_results_["params"]) == 3
    vocabularies = [
        set(TfidfVectorizer(analyzer=JiebaTokenizer(mode)).fit(["清华大学"]).vocabulary_)
        for mode in ("accurate", "search", "full")
    ]
    assert vocabularies == [{"清华大学"}, {"清华", "华大", "大学", "清华大学"}, {"清华", "清华大学", "华大", "大学"}]


@pytest.mark.slow
def test_pickle_is_small_and_opens_in_another_process_without_its_files(tmp_path):
    words = tmp_path / "words.txt"
    words.write_text("杭研大厦 1000 nz\n", encoding="utf-8")
    tokenizer = JiebaTokenizer(user_dict=words, stop_words=["了"]).fit(TEXTS)
    expected = tokenizer.transform(TEXTS).tolist()
    path = tmp_path / "tokenizer.joblib"
    joblib.dump(tokenizer, path)
    assert path.stat().st_size < 2000
    words.unlink()
    code = (
        f"import joblib; t = joblib.load({str(path)!r}); "
        f"print(ascii(t.transform({TEXTS!r}).tolist()), ascii(t({TEXTS[2]!r})))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False)
    assert done.stdout.strip() == f"{expected!a} {expected[2].split()!a}", done.stderr
    assert expected[2] == "他 来到 网易 杭研大厦"


def test_clone_and_pickle_of_one_that_was_not_fitted():
    tokenizer = JiebaTokenizer("search", user_dict=["杭研大厦"], stop_words={"了"}, separator="|")
    for other in (clone(tokenizer), pickle.loads(pickle.dumps(tokenizer))):
        assert other.get_params() == tokenizer.get_params()
        assert other(TEXTS[2]) == tokenizer(TEXTS[2])


def test_html_repr_shows_the_parameters():
    assert "JiebaTokenizer" in JiebaTokenizer("search")._repr_html_()


def test_separator():
    assert JiebaTokenizer(separator="/").fit_transform(TEXTS).tolist() == [words.replace(" ", "/") for words in CUT]
    assert JiebaTokenizer(separator="").fit_transform(TEXTS)[0] == TEXTS[0]


def test_white_space_is_left_out():
    assert JiebaTokenizer()(" 北京\u3000 大学\r\n\t") == ["北京", "大学"]
    assert JiebaTokenizer("full")(" 北京\u3000 大学\r\n\t") == ["北京", "大学"]
    assert JiebaTokenizer(pos=["ns", "x"])(" 北京\u3000 大学\r\n\t") == ["北京"]


@pytest.mark.parametrize(
    ("params", "message"),
    [({"mode": "searhc"}, "mode"), ({"mode": "full", "pos": ["n"]}, "pos"), ({"stemmer": "klingon"}, "stemmer")],
)
def test_parameters_set_after_fit_are_checked_where_they_are_used(params, message):
    tokenizer = JiebaTokenizer().fit(["好"]).set_params(**params)
    for use in (tokenizer.transform, tokenizer.word_spans, lambda texts: tokenizer(texts[0])):
        with pytest.raises(ValueError, match=message):
            use(["好"])


def test_lower_case_comes_after_cutting():
    assert JiebaTokenizer(lowercase=True)("iPhone的T恤") == ["iphone", "的", "t恤"]


def test_stemmer_is_for_latin_script():
    tokenizer = JiebaTokenizer(lowercase=True, stemmer="english")
    assert tokenizer("Running phones 手机123 T恤") == ["run", "phone", "手机", "123", "t恤"]
    with pytest.raises(ValueError, match=r"stemmer is 'klingon': Snowball has arabic"):
        JiebaTokenizer(stemmer="klingon").fit(TEXTS)


@pytest.mark.parametrize(
    ("words", "stems"),
    [
        ("organizations evening university", ["organiz", "evening", "universiti"]),
        ("international added pasting", ["internat", "add", "paste"]),
    ],
)
def test_stems_are_those_of_snowball_3_1(words, stems):
    assert JiebaTokenizer(stemmer="english")(words) == stems


def test_stems_do_not_depend_on_pystemmer(monkeypatch):
    """`snowballstemmer` hands over to it where it is installed, of whatever version."""
    other = types.ModuleType("Stemmer")
    other.algorithms, other.Stemmer = (lambda: ["english"]), lambda language: None
    for name in [name for name in sys.modules if name.split(".")[0] == "snowballstemmer"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "Stemmer", other)
    forget_built(monkeypatch)
    assert JiebaTokenizer(stemmer="english")("organizations") == ["organiz"]
    assert JiebaTokenizer(stemmer="dutch_porter")("lichamelijke") == ["licham"]


def test_parts_of_speech_exact_and_by_prefix():
    text = "他来到了北京的大厦"
    assert JiebaTokenizer(pos=["r"])(text) == ["他"]
    assert JiebaTokenizer(pos=["n"])(text) == ["大厦"]
    assert JiebaTokenizer(pos=["n*"])(text) == ["北京", "大厦"]
    assert JiebaTokenizer("search", pos=["nt"])("在清华大学") == ["清华", "华大", "大学", "清华大学"]


@pytest.mark.parametrize("pos", [[], [""], [5], ["n", None]])
def test_bad_parts_of_speech(pos):
    with pytest.raises(ValueError, match="it must hold tags"):
        JiebaTokenizer(pos=pos).fit(TEXTS)


def test_full_mode_has_no_parts_of_speech():
    with pytest.raises(ValueError, match='pos cannot be used with mode="full"'):
        JiebaTokenizer("full", pos=["n"]).fit(TEXTS)
    with pytest.raises(ValueError, match='pos cannot be used with mode="full"'):
        JiebaTokenizer("full", pos=["n"])("北京")


@pytest.mark.parametrize(
    "params",
    [
        {"mode": "fast"},
        {"hmm": "yes"},
        {"user_dict": {"云计算": 5}},
        {"pos": "n"},
        {"separator": None},
        {"n_jobs": 1.5},
        {"stemmer": 5},
    ],
)
def test_bad_parameters(params):
    with pytest.raises(InvalidParameterError):
        JiebaTokenizer(**params).fit(TEXTS)
    if not params.keys() & {"separator", "n_jobs"}:
        with pytest.raises(InvalidParameterError):
            JiebaTokenizer(**params)("北京")


@pytest.mark.parametrize(
    ("X", "error", "message"),
    [
        (["a", None], MissingTextError, r"X\[1\]"),
        (["a", b"b"], TextTypeError, r"X\[1\] is bytes"),
        (["a", 5], TextTypeError, r"X\[1\] is 5"),
        ("text", InvalidTextError, "string object received"),
        ({"a"}, TextTypeError, "set"),
        ([["a", "b"]], InvalidTextError, r"X\[0\] is a list"),
        (["a", "b\ud800"], InvalidTextError, "lone surrogate"),
    ],
)
def test_what_is_not_text_is_refused(X, error, message):
    tokenizer = JiebaTokenizer().fit(TEXTS)
    with pytest.raises(error, match=message):
        tokenizer.transform(X)
    with pytest.raises(error, match=message):
        JiebaTokenizer().fit(X)


@pytest.mark.parametrize(
    ("text", "error"), [(None, TextTypeError), (b"a", TextTypeError), ("a\ud800", InvalidTextError)]
)
def test_callable_refuses_what_is_not_text(text, error):
    with pytest.raises(error):
        JiebaTokenizer()(text)
    with pytest.raises(error):
        JiebaTokenizer().word_spans(text)

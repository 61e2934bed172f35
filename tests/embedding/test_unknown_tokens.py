"""Texts that the vocabulary lacks: one warning with their number, on every way to a vector."""

import json
import shutil
import warnings

import pytest
from joblib import parallel_config

from sklearn_llmtokens import EmbedBatches, LLMTokenEmbedder, embed_parquet
from sklearn_llmtokens.exceptions import TruncationWarning, UnknownTokenWarning
from tests.checkpoints import TEXTS
from tests.embedding.conftest import main

UNREAD = ["안녕하세요 여러분", "Привет мир", "مرحبا بالعالم", "สวัสดีชาวโลก"]
READ = ["物流很快", "這質量👍", "good", "", "  ", "！？"]
FOUR = r"^4 distinct text\(s\) are mostly unknown to the model.*TextNormalizer\(simplify=True\)"


def embedder(**params):
    return LLMTokenEmbedder(**{"cache": None, **params})


@pytest.mark.parametrize(
    "params", [{}, {"prompt": "评论：{text}"}, {"long_text": "chunk"}, {"pooling": "weighted_mean"}]
)
def test_one_warning_with_the_number_of_distinct_texts(params):
    with pytest.warns(UnknownTokenWarning, match=FOUR) as caught:
        embedder(**params).fit_transform([*UNREAD, *READ, *UNREAD])
    assert len(caught) == 1
    assert caught[0].filename == __file__


def test_one_warning_for_all_workers():
    with parallel_config("threading", n_jobs=2), pytest.warns(UnknownTokenWarning, match=FOUR) as caught:
        embedder(n_jobs=2).fit_transform([*UNREAD, *READ])
    assert len(caught) == 1


def test_what_is_read_is_not_warned_of():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        embedder().fit_transform(READ)


@pytest.mark.parametrize(
    ("text", "is_unknown"),
    [
        ("한", True),
        ("好한", True),  # one character in two
        ("好好한", False),
        ("好好한국", True),
        ("好！！！한국", True),  # punctuation counts neither way
        ("123 한국", False),
        ("🦡", True),  # no word of the vocabulary names it
    ],
)
def test_half_of_the_letters_digits_and_symbols_decide(text, is_unknown):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        embedder().fit_transform([text])
    assert [warning.category for warning in caught] == [UnknownTokenWarning] * is_unknown


@pytest.mark.parametrize("long_text", ["truncate", "chunk"])
def test_only_what_is_read_of_a_long_text_counts(long_text):
    """Its first sixteen tokens are known, the rest is not."""
    text = "物流很快，" * 10 + "한 " * 400
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        embedder(long_text=long_text, max_length=16).fit_transform([text])
    expected = {"truncate": [TruncationWarning], "chunk": [UnknownTokenWarning]}
    assert [warning.category for warning in caught] == expected[long_text]


def test_what_comes_from_the_store_was_warned_of_when_it_was_computed(tmp_path):
    fitted = embedder(cache=tmp_path).fit(READ)
    with pytest.warns(UnknownTokenWarning, match=FOUR):
        fitted.transform(UNREAD)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fitted.transform(UNREAD)


@pytest.mark.parametrize(("family", "warns"), [("bert", True), ("xlm-roberta", True), ("t5", True), ("gpt2", False)])
def test_vocabularies_of_bytes_know_everything(checkpoints, family, warns):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        embedder(model=checkpoints[family]).fit_transform(["안녕하세요 여러분", TEXTS[0]])
    assert [warning.category for warning in caught] == [UnknownTokenWarning] * warns


@pytest.fixture
def byte_pair_folder(checkpoints, tmp_path):
    """Build the GPT-2 of the tests with merges of characters in the place of merges of bytes."""

    def make(**model):
        from tokenizers import Tokenizer, models, trainers

        tokenizer = Tokenizer(models.BPE(**model))
        special = ["<s>", "</s>", *filter(None, [model.get("unk_token")])]
        special += [f"<0x{byte:02X}>" for byte in range(256)][: 256 * model.get("byte_fallback", False)]
        trainer = trainers.BpeTrainer(vocab_size=390, special_tokens=special, show_progress=False)
        tokenizer.train_from_iterator(TEXTS, trainer)
        folder = shutil.copytree(checkpoints["gpt2"], tmp_path / "gpt2")
        tokenizer.save(str(folder / "tokenizer.json"))
        names = {"tokenizer_class": "PreTrainedTokenizerFast", "eos_token": "</s>", "bos_token": "<s>"}
        (folder / "tokenizer_config.json").write_text(json.dumps(names))
        return folder

    return make


@pytest.mark.parametrize(
    ("model", "warns"),
    [({"unk_token": "<unk>"}, True), ({"unk_token": "<unk>", "byte_fallback": True}, False), ({}, True)],
)
def test_merges_of_characters_with_an_unknown_token_with_bytes_and_without_both(byte_pair_folder, model, warns):
    """Without both, what is not known is left out: a text without any token."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        embedder(model=byte_pair_folder(**model)).fit_transform(["안녕하세요", "good", "", " "])
    assert [warning.category for warning in caught] == [UnknownTokenWarning] * warns


def test_token_vectors_warn_too():
    with pytest.warns(UnknownTokenWarning, match=FOUR):
        embedder().fit(READ).transform_tokens([*UNREAD, *READ])


def test_batches_warn_each(tmp_path):
    import pandas as pd

    batches = EmbedBatches(embedder().fit(READ))
    for _ in range(2):
        with pytest.warns(UnknownTokenWarning, match=FOUR):
            batches(pd.DataFrame({"text": UNREAD}))


def from_a_function(src, dst):
    embed_parquet(src, dst, embedder=embedder(), batch_rows=3)


def from_the_command_line(src, dst):
    assert main(["embed", str(src), str(dst), "--batch-rows", "3", "--cache", "", "--quiet"]) == 0


@pytest.mark.parametrize("run", [from_a_function, from_the_command_line])
def test_parquet_files_give_one_warning_for_all_batches(tmp_path, run):
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.table({"text": [*UNREAD, *READ]}), tmp_path / "texts.parquet")
    with pytest.warns(UnknownTokenWarning, match=FOUR) as caught:
        run(tmp_path / "texts.parquet", tmp_path / "out")
    assert len(caught) == 1


def test_precompute_warns_once(tmp_path):
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import GridSearchCV
    from sklearn.pipeline import make_pipeline

    from sklearn_llmtokens.model_selection import precompute

    texts, labels = [*UNREAD, *READ[:3], "屏幕碎了"], [0, 1] * 4
    pipeline = make_pipeline(embedder(), LogisticRegression())
    search = GridSearchCV(pipeline, {"llmtokenembedder__pooling": ["cls", "mean"]}, cv=2)
    with pytest.warns(UnknownTokenWarning, match=FOUR) as caught:
        precompute(search, texts, labels, cache=tmp_path).fit(texts, labels)
    assert len(caught) == 1


def test_an_english_model_does_not_read_chinese():
    from tests.embedding.test_sentence_transformers import minilm_folder

    with pytest.warns(UnknownTokenWarning, match=r"^2 distinct"):
        embedder(model=minilm_folder()).fit_transform(["物流很快，包装完好", "屏幕太暗了", "The room was clean."])

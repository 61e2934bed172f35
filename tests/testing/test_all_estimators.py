"""The text checks over every transformer of the package that reads texts."""

import pytest

import sklearn_llmtokens.embedding
import sklearn_llmtokens.text
from sklearn_llmtokens.testing import parametrize_with_text_checks, text_estimator_checks
from sklearn_llmtokens.text import TextColumn

TEXT_TRANSFORMERS = {
    name: getattr(package, name)
    for package in (sklearn_llmtokens.text, sklearn_llmtokens.embedding)
    for name in getattr(package, "__all__", [])
    if hasattr(getattr(package, name), "transform")
}


def test_none_is_forgotten():
    assert set(TEXT_TRANSFORMERS) == {
        "JiebaTokenizer",
        "TableReader",
        "TextColumn",
        "TextNormalizer",
        "LLMTokenEmbedder",
    }


ONE_COLUMN = dict.fromkeys(
    ["check_columns_are_read_each", "check_text_keeps_its_container", "check_set_output"],
    "the check passes two columns, of which TextColumn refuses the second one, and TableReader makes one text",
)


@parametrize_with_text_checks(
    [cls() for name, cls in TEXT_TRANSFORMERS.items() if name != "LLMTokenEmbedder"],
    expected_failed_checks=lambda estimator: ONE_COLUMN if isinstance(estimator, TextColumn) else {},
)
def test_text_transformers(estimator, check):
    check(estimator)


EMBEDDERS = {
    "encoder": ("bert", {}),
    "causal model": ("qwen3", {"pooling": ("mean", "last"), "layer": (-1, -2)}),
}
EMBEDDER_CHECKS = [
    pytest.param(check, id=f"{check.func.__name__}{check.keywords or ''}")
    for _, check in text_estimator_checks(TEXT_TRANSFORMERS["LLMTokenEmbedder"]())
]


@pytest.mark.parametrize("kind", EMBEDDERS)
@pytest.mark.parametrize("check", EMBEDDER_CHECKS)
def test_embedders(checkpoints, kind, check):
    family, params = EMBEDDERS[kind]
    check(TEXT_TRANSFORMERS["LLMTokenEmbedder"](checkpoints[family], **params))

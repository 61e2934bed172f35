import pytest

from sklearn_llmtokens.embedding import _torch


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

"""What the tests of checkpoints share."""

import pytest

from sklearn_llmtokens import LLMTokenEmbedder
from sklearn_llmtokens.exceptions import CheckpointError
from tests.checkpoints import TEXTS


def fingerprint(model, **params) -> str:
    return LLMTokenEmbedder(model, **params).fit(TEXTS).fingerprint_


def error_message(model, **params):
    with pytest.raises(CheckpointError) as caught:
        LLMTokenEmbedder(model, cache=None, **params).fit(TEXTS).transform(TEXTS)
    assert isinstance(caught.value, OSError)
    return str(caught.value)


def shard(folder):
    from transformers import AutoModel

    model = AutoModel.from_pretrained(folder)
    (folder / "model.safetensors").unlink()
    model.save_pretrained(folder, max_shard_size="20KB")
    return sorted(path.name for path in folder.glob("model-*.safetensors"))

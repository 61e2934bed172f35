"""An embedder without a store, in which differences would hide, and texts enough for several batches."""

from sklearn_llmtokens import LLMTokenEmbedder
from tests.checkpoints import TEXTS

MANY = [f"{TEXTS[i % 8]} {i}" for i in range(150)]


def embedder(folder, **params):
    return LLMTokenEmbedder(folder, **{"cache": None, **params})

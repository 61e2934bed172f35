"""What docs/explanation/from_the_article.md says is wrong with the usual program is wrong with it."""

import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.ensemble import RandomForestClassifier
from sklearn.manifold import TSNE

from sklearn_llmtokens import EmbeddingPCA, LLMTokenEmbedder

# Both begin with the same token, and differ after it.
SAME_START = ["good shoes", "good morning, the staff were friendly"]


def hidden_states(folder, text):
    import torch
    from transformers import AutoModel, AutoTokenizer

    with torch.no_grad():
        inputs = AutoTokenizer.from_pretrained(folder)(text, return_tensors="pt")
        return AutoModel.from_pretrained(folder).eval()(**inputs).last_hidden_state[0].numpy()


def test_first_token_of_a_causal_model_has_seen_nothing_but_itself(checkpoints):
    first, second = (hidden_states(checkpoints["gpt2"], text) for text in SAME_START)
    np.testing.assert_allclose(first[0], second[0], atol=1e-6)
    assert np.abs(first[-1] - second[-1]).max() > 0.01
    ours = LLMTokenEmbedder(checkpoints["gpt2"]).fit_transform(SAME_START)
    assert np.abs(ours[0] - ours[1]).max() > 0.01


def test_first_token_of_an_encoder_has_seen_the_text(checkpoints):
    first, second = (hidden_states(checkpoints["bert"], text) for text in SAME_START)
    assert np.abs(first[0] - second[0]).max() > 0.001


def test_gpt2_tokenizer_does_not_pad(checkpoints):
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(checkpoints["gpt2"])
    with pytest.raises(ValueError, match="padding token"):
        tokenizer(SAME_START, padding=True)


def test_two_rows_have_one_component():
    rows = np.eye(2, 384)
    with pytest.raises(ValueError, match="n_components=50 must be between 0 and min"):
        PCA(n_components=50).fit(rows)
    with pytest.warns(UserWarning, match="1 are kept"):
        assert EmbeddingPCA(50).fit_transform(rows).shape == (2, 1)


def test_tsne_of_two_rows_and_three_numbers_for_a_user_fail():
    with pytest.raises(ValueError, match=r"perplexity \(30.0\) must be less than n_samples"):
        TSNE(n_components=2).fit_transform(np.eye(2, 50))
    forest = RandomForestClassifier(n_estimators=5).fit(np.eye(4, 50), [0, 1, 0, 1])
    with pytest.raises(ValueError, match="X has 3 features, but RandomForestClassifier is expecting 50"):
        forest.predict([[0.5, 0.2, 0.8]])

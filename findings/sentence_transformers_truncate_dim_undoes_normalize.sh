#!/usr/bin/env bash
# sentence-transformers 6.2: a model whose last module is Normalize gives rows that are not of unit length once its
# saved configuration names a truncate_dim. The cut comes after the modules and is not scaled again, so that the dot
# product, which equals the cosine for the same model without that key, no longer does; nothing is logged.
# encode(normalize_embeddings=True) scales after the cut.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet "sentence-transformers==6.2.0" "transformers==5.24.0" "torch==2.13.0" "numpy==2.4.6"
cat > show.py <<'PYTHON'
import os
os.environ["HF_HUB_OFFLINE"] = "1"
import json
import sys
import warnings

warnings.filterwarnings("ignore")
import numpy as np
import sentence_transformers
import torch
import transformers
from sentence_transformers import SentenceTransformer
from sentence_transformers.base.modules import Normalize, Transformer
from sentence_transformers.sentence_transformer.modules import Pooling
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

torch.manual_seed(0)
words = ["[PAD]", "[UNK]", "a", "good", "bad", "phone", "very", "screen"]
tokenizer = Tokenizer(models.WordLevel({word: i for i, word in enumerate(words)}, unk_token="[UNK]"))
tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
PreTrainedTokenizerFast(tokenizer_object=tokenizer, pad_token="[PAD]", unk_token="[UNK]").save_pretrained("model")
config = BertConfig(vocab_size=len(words), hidden_size=64, num_hidden_layers=2, num_attention_heads=4, intermediate_size=64)
BertModel(config).save_pretrained("model")

modules = [Transformer("model"), Pooling(64), Normalize()]
SentenceTransformer(modules=modules, device="cpu", truncate_dim=8).save("saved")
model = SentenceTransformer("saved", device="cpu")
texts = ["a good phone", "a very bad screen"]
rows = model.encode(texts, show_progress_bar=False)
norms = np.linalg.norm(rows, axis=1)
print("sentence-transformers", sentence_transformers.__version__, "transformers", transformers.__version__)
print("last module:", json.load(open("saved/modules.json"))[-1]["type"])
print("shape:", rows.shape, "lengths of the rows:", norms.round(3))
dot, cosine = float(rows[0] @ rows[1]), float(rows[0] @ rows[1] / norms.prod())
print(f"dot product {dot:.3f}, cosine {cosine:.3f}")
asked = np.linalg.norm(model.encode(texts, normalize_embeddings=True, show_progress_bar=False), axis=1)
print("with normalize_embeddings=True:", asked.round(3))
sys.exit(0 if rows.shape == (2, 8) and (norms < 0.9).all() and np.allclose(asked, 1, atol=1e-5) else 1)
PYTHON
venv/bin/python show.py 2>/dev/null

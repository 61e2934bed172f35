#!/usr/bin/env bash
# tokenizers 0.23.3: `normalizers.Precompiled`, the step of XLM-R, T5 and mBART, does not do what sentencepiece does with
# the same map. It looks a whole grapheme of up to five bytes up and takes the shortest prefix that has a rule: the mark
# behind it is lost (the vowels of Arabic and Hebrew presentation forms). In a longer grapheme it looks up one character
# at a time: Japanese of decomposed characters, as macOS writes file names, is not composed. Exits with an error if the
# behaviour changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    tokenizers==0.23.3 sentencepiece==0.2.3 protobuf==7.36.2 2>/dev/null
cat > "$folder/normalize.py" <<'PYTHON'
import unicodedata

import sentencepiece
import tokenizers
from sentencepiece import sentencepiece_model_pb2

plain = {"add_dummy_prefix": False, "escape_whitespaces": False, "remove_extra_whitespaces": False}
reference = sentencepiece.SentencePieceNormalizer(rule_name="nmt_nfkc", **plain)
spec = sentencepiece_model_pb2.NormalizerSpec.FromString(reference.serialized_normalizer_spec())
fast = tokenizers.normalizers.Precompiled(spec.precompiled_charsmap)
print("tokenizers", tokenizers.__version__, "sentencepiece", sentencepiece.__version__)
texts = {
    "alef, fatha": "\ufe8d\u064e",
    "alef-lamed, qamats": "\ufb4f\u05b8",
    "full-width e, acute": "\uff45\u0301",
    "ka, voiced mark": "\u304b\u3099",
    "half-width ka, voiced": "\uff76\uff9e",
    "e, acute": "e\u0301",
}
found = {}
for name, text in texts.items():
    found[name] = reference.normalize(text), fast.normalize_str(text)
    print(f"{name:22} sentencepiece {ascii(found[name][0]):16} tokenizers {ascii(found[name][1])}")
    assert found[name][0] == unicodedata.normalize("NFKC", text), name
assert found == {
    "alef, fatha": ("\u0627\u064e", "\u0627"),
    "alef-lamed, qamats": ("\u05d0\u05dc\u05b8", "\u05d0\u05dc"),
    "full-width e, acute": ("\u00e9", "e"),
    "ka, voiced mark": ("\u304c", "\u304b\u3099"),
    "half-width ka, voiced": ("\u30ac", "\u30ab\u3099"),
    "e, acute": ("\u00e9", "\u00e9"),
}, found
PYTHON
PYTHONWARNINGS=ignore "$folder/venv/bin/python" "$folder/normalize.py" 2> >(grep -v "^WARNING\|^I0000" >&2)

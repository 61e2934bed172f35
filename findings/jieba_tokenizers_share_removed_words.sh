#!/usr/bin/env bash
# jieba 0.42.1: a word removed from one Tokenizer changes how every other Tokenizer of the process cuts. `del_word`, and
# `add_word` with a frequency of 0, put it into `finalseg.Force_Split_Words`, a set of the module, and nothing takes it
# out again: not even `add_word` for the tokenizer that removed it. Exits with an error if the behaviour changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check jieba==0.42.1 'setuptools<80' 2>/dev/null
cat > "$folder/cut.py" <<'PYTHON'
import jieba

jieba.setLogLevel(60)
text = "他来到了网易杭研大厦"
mine, yours = jieba.Tokenizer(), jieba.Tokenizer()
before = yours.lcut(text)
mine.del_word("杭研")
after = yours.lcut(text)
mine.add_word("杭研", 1)
still = yours.lcut(text)
print("jieba", jieba.__version__)
print("another tokenizer before:          ", *before)
print("after mine.del_word('杭研'):       ", *after)
print("and after mine.add_word('杭研', 1):", *still)
assert before == ["他", "来到", "了", "网易", "杭研", "大厦"], before
assert after == still == ["他", "来到", "了", "网易", "杭", "研", "大厦"], (after, still)
PYTHON
PYTHONWARNINGS=ignore TMPDIR="$folder" "$folder/venv/bin/python" "$folder/cut.py"

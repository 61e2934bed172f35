#!/usr/bin/env bash
# jieba 0.42.1: jieba.posseg.cut, "the words with their tags", cuts other words than jieba.cut of the same dictionary: runs
# of characters that the dictionary does not know are decoded by another hidden Markov model, of tags and places at once,
# and it splits most of what jieba.cut joins. In 8 of these 10 sentences, chosen to show it, some words differ; without the
# model (HMM=False) none do. A vocabulary or stop words made with one do not match what the other cuts, and tags cannot be
# joined to the words of jieba.cut by position. Exits with an error if the behaviour changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check jieba==0.42.1 'setuptools<80' 2>/dev/null
cat > "$folder/cut.py" <<'PYTHON'
import jieba
import jieba.posseg

jieba.setLogLevel(60)
texts = [
    "里面只剩三分之二，像被人用过",
    "像素高，拍娃特别清晰",
    "配置够用，一点都不卡",
    "目录和正文对不上，查个东西急死人",
    "说好的彩色图谱全是黑白的",
    "这本书我读了三遍",
    "抬个手就裂了",
    "少送一份，打电话没人接",
    "房间干净，早餐丰富",
    "物流很快，包装完好",
]
n_other = 0
print("jieba", jieba.__version__)
for text in texts:
    cut, tagged = jieba.lcut(text), [word for word, _ in jieba.posseg.lcut(text)]
    n_other += cut != tagged
    print("same " if cut == tagged else "other", "/".join(cut), "|", "/".join(tagged))
    without_model = [word for word, _ in jieba.posseg.lcut(text, HMM=False)]
    assert jieba.lcut(text, HMM=False) == without_model, text
print(n_other, "of", len(texts), "differ; without the hidden Markov model 0")
assert n_other == 8, n_other
assert jieba.lcut("拍娃特别清晰") == ["拍娃", "特别", "清晰"]
assert [word for word, _ in jieba.posseg.lcut("拍娃特别清晰")] == ["拍", "娃", "特别", "清晰"]
PYTHON
PYTHONWARNINGS=ignore TMPDIR="$folder" "$folder/venv/bin/python" "$folder/cut.py"

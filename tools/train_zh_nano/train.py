"""Train zh-nano, the bundled static checkpoint, from sentences, multilingual-e5-small and zh-mini.

    python -m tools.train_zh_nano --teacher E5_FOLDER --text zh_sentences.txt.xz --english banking77.txt titles.txt \
        --held-out held_out.txt --rare-topic 花呗 借呗 --work WORK --out OUT

The text and held-out files are those of `python -m tools.train_zh_mini`. The stages are `text`, `teacher` (vectors on
disk, one file per 4,096 sentences) and `distill`; each keeps its output in WORK and goes on from it.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer

from sklearn_llmtokens import JiebaTokenizer, LLMTokenEmbedder
from sklearn_llmtokens.embedding._static._distill import DistillSettings, distill_static

from ..train_zh_mini.corpus import read_lines
from ..train_zh_mini.teacher import SHARD_SIZE, write_vectors
from .blocks import Blocks
from .cooccurrence import cooccurrence_features
from .normalizer import read_all

LAYERS = (12,)


def main(arguments=None):
    args = _parser().parse_args(arguments)
    args.work.mkdir(parents=True, exist_ok=True)
    texts = read_texts(args)
    vectors = args.work / "vectors"
    write_vectors(args.teacher, texts[: args.sentences], vectors, layers=LAYERS)
    write_zh_mini(texts[: args.sentences], args.work / "vectors-zh-mini")
    texts, teacher = Blocks.load(texts, vectors, args.work / "vectors-zh-mini")
    args.out.mkdir(parents=True)
    settings = DistillSettings(
        n_tokens=32_000, n_components=None, l2=0.5, dtype="int8", random_state=0, verbose=1, normalizer=read_all()
    )
    words = JiebaTokenizer(lowercase=True)
    names = "multilingual-e5-small and zh-mini"
    chinese = read_texts_of_words(args)
    learnt = distill_static(teacher.transform, texts, words, settings, names, chinese)
    all_texts = chinese + [line for file in args.english for line in read_lines(file)]
    beside = cooccurrence_features(Tokenizer.from_str(json.dumps(learnt.tokenizer)), all_texts, learnt.vectors)
    vectors = np.hstack([learnt.vectors, beside])
    learnt = replace(learnt, vectors=vectors, figures=learnt.figures | {"n_features": vectors.shape[1]})
    learnt.write(args.out)
    print(json.dumps(learnt.figures))


def read_texts(args):
    """Return Chinese and English sentences to learn from, shuffled together; held-out ones are left out."""
    path = args.work / "texts.json"
    if not path.exists():
        held_out, rng = set(read_lines(args.held_out)), random.Random(0)
        chinese = [text for text in read_lines(args.text) if text not in held_out and _keep(text, args, rng)]
        english = [line for file in args.english for line in read_lines(file)]
        rng.shuffle(chinese)
        rng.shuffle(english)
        texts = chinese[: args.sentences] + english[: args.sentences // 6]
        path.write_text(json.dumps(rng.sample(texts, len(texts)), ensure_ascii=False), encoding="utf-8")
    return json.loads(path.read_text(encoding="utf-8"))


def read_texts_of_words(args):
    """Return all Chinese sentences that are not held out: their words are counted, and no teacher reads them."""
    held_out = set(read_lines(args.held_out))
    return [text for text in read_lines(args.text) if text not in held_out]


def write_zh_mini(texts, folder):
    """Write zh-mini's vectors of the texts, one file per shard; those that exist are kept."""
    folder.mkdir(exist_ok=True)
    embedder = LLMTokenEmbedder("zh-mini", cache=None)
    for index, start in enumerate(range(0, len(texts), SHARD_SIZE)):
        path = folder / f"shard-{index:05d}.npy"
        if not path.exists():
            np.save(path, embedder.fit_transform(texts[start : start + SHARD_SIZE]).astype(np.float16))


def _keep(text, args, rng):
    """Thin short texts, which teach little, and those of a topic that fills too much of the text."""
    share = 0.05 if len(text) < 6 else 0.25 if len(text) < 9 else 0.6 if len(text) < 13 else 1.0
    if any(topic in text for topic in args.rare_topic):
        share *= 0.08
    return rng.random() < share


def _parser():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--teacher", type=Path, required=True, help="the folder of multilingual-e5-small")
    parser.add_argument("--text", type=Path, required=True, help="Chinese sentences, one a line (.xz is read too)")
    parser.add_argument("--english", type=Path, nargs="*", default=[], help="English sentences, one a line")
    parser.add_argument("--held-out", type=Path, required=True, help="what figures are measured with, one a line")
    parser.add_argument("--rare-topic", nargs="*", default=[], help="words of a topic that is thinned")
    parser.add_argument("--sentences", type=int, default=60_000, help="Chinese sentences")
    parser.add_argument("--work", type=Path, required=True, help="a folder for texts and vectors")
    parser.add_argument("--out", type=Path, required=True, help="a new folder for the checkpoint")
    return parser


if __name__ == "__main__":
    sys.exit(main())

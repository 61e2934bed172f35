"""The data of an epoch: token ids and targets of the texts whose teacher vectors are on disk by now."""

from __future__ import annotations

import json

import numpy as np
from tokenizers import Tokenizer

from . import teacher
from .targets import fit_block
from .word_vectors import WordVectors

MAX_LENGTH = 64


class EpochData:
    """Called with an epoch, returns its token ids and targets; the blocks are fitted on the first shard.

    Parameters
    ----------
    work : pathlib.Path
        Folder with `texts-zh.json`, `texts-en.json`, `tokenizer.json`, `words.npz`, and the shards.
    block_widths : sequence of int
        Widths of the targets' blocks: one for each of the teacher's layers that the shards hold, and one for the words.
    """

    def __init__(self, work, block_widths):
        self.work = work
        self.words = WordVectors.load(work / "words.npz")
        self.encode = text_encoder(work)
        self.texts = {language: read_json(work / f"texts-{language}.json") for language in ("zh", "en")}
        self.n_layers = len(block_widths) - 1
        self.parts = {}
        sources = self._sources(*self._read("zh", 0))
        self.blocks = [fit_block(source, width) for source, width in zip(sources, block_widths, strict=True)]
        self.widths = [block.directions.shape[1] for block in self.blocks]

    def __call__(self, epoch):
        """Return the token ids and targets of an epoch: both languages, every shard that exists."""
        for language in ("zh", "en"):
            for index in range(len(list((self.work / f"vectors-{language}").glob("shard-*.npy")))):
                if (language, index) not in self.parts:
                    self.parts[language, index] = self._part(*self._read(language, index))
        token_ids = [ids for part in self.parts.values() for ids in part[0]]
        return token_ids, np.concatenate([part[1] for part in self.parts.values()])

    def _read(self, language, index):
        vectors = np.load(self.work / f"vectors-{language}" / f"shard-{index:05d}.npy")
        start = index * teacher.SHARD_SIZE
        return self.texts[language][start : start + len(vectors)], vectors

    def _sources(self, texts, vectors):
        return [*np.split(vectors.astype(np.float32), self.n_layers, axis=1), self.words.encode(texts)]

    def _part(self, texts, vectors):
        sources = self._sources(texts, vectors)
        targets = np.concatenate([block(source) for block, source in zip(self.blocks, sources, strict=True)], 1)
        return self.encode(texts), targets.astype(np.float16)


def text_encoder(work):
    """Return the student's tokenizer as a function: texts -> lists of token ids."""
    tokenizer = Tokenizer.from_str((work / "tokenizer.json").read_text(encoding="utf-8"))
    tokenizer.enable_truncation(MAX_LENGTH)
    return lambda texts: [encoding.ids for encoding in tokenizer.encode_batch(texts)]


def read_json(path):
    """Return what a JSON file holds."""
    return json.loads(path.read_text(encoding="utf-8"))

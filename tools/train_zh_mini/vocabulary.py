"""The student's tokenizer: the teacher's pieces that Chinese and English use, and a normaliser for spaces.

Chinese is written without spaces, and much code joins its words by spaces before anything else. The normaliser removes
a space that touches a Chinese character, so that both spellings give the same tokens, and lower-cases, so that a small
vocabulary goes further in English.
"""

from __future__ import annotations

import copy
import json
import re
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer

# Ideographs, kana, CJK and full-width punctuation; the dashes, quotes and ellipsis that Chinese shares with Latin.
CJK = r"[\p{Han}\p{Hiragana}\p{Katakana}\u3001-\u303f\uff00-\uffef\u2014\u2018-\u201d\u2026]"
SPACE = r"[ \t\n\r\u00a0\u200b-\u200f\u2028\u2029\u2581\u3000\ufeff]"
ASCII_PUNCTUATION = r"[!-/:-@\[-`{-~]"
SPECIAL_TOKENS = ("<s>", "<pad>", "</s>", "<unk>")

_HAN = re.compile(r"[\u4e00-\u9fff]")
_PRINTABLE_ASCII = {chr(code) for code in range(33, 127) if not chr(code).isupper()}
# The 3,755 characters of GB 2312's first level: what a reader of modern Chinese knows.
_COMMON_CHARACTERS = {
    bytes([row, cell]).decode("gb2312")
    for row in range(0xB0, 0xD8)
    for cell in range(0xA1, 0xFF if row < 0xD7 else 0xFA)
}


def read_tokenizer(folder):
    """Return the teacher's `tokenizer.json` as a dict, with the student's normaliser put into it."""
    spec = json.loads((Path(folder) / "tokenizer.json").read_text(encoding="utf-8"))
    spec["normalizer"] = student_normalizer(spec["normalizer"])
    return spec


def student_normalizer(teacher_normalizer):
    """Return the teacher's normaliser between the removal of spaces beside Chinese and lower-casing."""
    # A run of spaces is looked at from its first character alone, and never twice: time is linear in its length. The
    # pattern begins with what it removes, so that the search passes over all other characters at once.
    run = f"{SPACE}*+"
    joins = (
        f"{SPACE}(?<!{SPACE}{SPACE})"
        f"(?:(?<={CJK}{SPACE}){run}|{run}(?={CJK})|(?<={ASCII_PUNCTUATION}{SPACE}){run}(?={ASCII_PUNCTUATION}))"
    )
    remove_spaces = {"type": "Replace", "pattern": {"Regex": joins}, "content": ""}
    steps = [teacher_normalizer] if teacher_normalizer is not None else []
    return {"type": "Sequence", "normalizers": [remove_spaces, *steps, {"type": "Lowercase"}]}


def count_pieces(spec, texts, batch_size=20_000):
    """Count how often each piece of the tokenizer occurs in `texts`; shape (n_pieces,)."""
    tokenizer = Tokenizer.from_str(json.dumps(spec))
    counts = np.zeros(len(spec["model"]["vocab"]), np.int64)
    for start in range(0, len(texts), batch_size):
        for encoding in tokenizer.encode_batch(texts[start : start + batch_size], add_special_tokens=False):
            np.add.at(counts, encoding.ids, 1)
    return counts


def piece_lengths(spec, texts, batch_size=20_000):
    """Return the number of pieces of each text, special ones not counted."""
    tokenizer = Tokenizer.from_str(json.dumps(spec))
    lengths = []
    for start in range(0, len(texts), batch_size):
        lengths += [
            len(encoding)
            for encoding in tokenizer.encode_batch(texts[start : start + batch_size], add_special_tokens=False)
        ]
    return lengths


def choose_pieces(spec, counts, n_pieces):
    """Return the ids of the pieces to keep, ascending: special ones, ASCII, common characters, then by count.

    A single Chinese character counts as seen once at least, and goes before a rare word: it has no smaller pieces.
    """
    vocabulary = spec["model"]["vocab"]
    needed = {*SPECIAL_TOKENS, "\u2581", *_PRINTABLE_ASCII, *_COMMON_CHARACTERS}
    always = {i for i, (piece, _) in enumerate(vocabulary) if piece in needed}
    is_han_character = np.array([len(piece) == 1 and bool(_HAN.match(piece)) for piece, _ in vocabulary])
    scores = np.array([score for _, score in vocabulary])
    by_use = np.lexsort((-scores, ~is_han_character, -np.maximum(counts, is_han_character)))
    kept = sorted(always)
    kept += [i for i in by_use.tolist() if i not in always][: max(0, n_pieces - len(kept))]
    return np.array(sorted(kept))


def cut_tokenizer(spec, kept):
    """Return a tokenizer dict with the pieces `kept` only, renumbered in their order."""
    spec = copy.deepcopy(spec)
    new_ids = {old: new for new, old in enumerate(kept.tolist())}
    spec["model"]["vocab"] = [spec["model"]["vocab"][i] for i in kept.tolist()]
    spec["model"]["unk_id"] = new_ids[spec["model"]["unk_id"]]
    spec["added_tokens"] = [
        {**token, "id": new_ids[token["id"]]} for token in spec["added_tokens"] if token["id"] in new_ids
    ]
    for token in spec["post_processor"]["special_tokens"].values():
        token["ids"] = [new_ids[i] for i in token["ids"]]
    return spec

"""Teach a tokenizer of simplified Chinese to read traditional characters and emoji, by its normaliser alone.

Each traditional character becomes its simplified form and each emoji a Chinese word, before anything else. They get the
tokens of what they mean, the weights stay as they are, and a text that has neither keeps its tokens. The character map
is a "precompiled" one of sentencepiece, which every library that loads ``tokenizer.json`` applies.

    python -m tools.train_zh_mini.readings FOLDER

writes the ``tokenizer.json`` of a checkpoint folder anew. Sources: OpenCC's tables of characters and phrases (Apache 2,
the package opencc-python-reimplemented) and the Chinese short names of emoji in Unicode's CLDR (Unicode licence, as
they stand in the package emoji, BSD).
"""

from __future__ import annotations

import argparse
import base64
import copy
import json
import sys
import unicodedata
from itertools import dropwhile
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer

# Zero-width, and one of the spaces that the normaliser drops beside a Chinese character.
_NOTHING = "\u200d"
# Variation selectors, the frame of a keycap, skin tones, and the letters of the flags of regions.
_MODIFIERS = (0xFE0E, 0xFE0F, 0x20E3, *range(0x1F3FB, 0x1F400), *range(0xE0020, 0xE0080))
_FLAG_LETTERS = {chr(0x1F1E6 + i): chr(ord("a") + i) for i in range(26)}

# CLDR names the drawing; these emoji of reviews mean something else, or the same as others.
_MEANINGS = {
    "爱心": "❤♥💕💖💗💓💞💘💝💙💚💛💜🧡", "黑心": "🖤", "心碎": "💔", "赞": "👍", "差": "👎", "好的": "👌",
    "鼓掌": "👏", "感谢": "🙏", "加油": "💪", "胜利": "✌", "合作": "🤝", "欢呼": "🙌", "喜欢": "😍", "喜爱": "🥰",
    "飞吻": "😘", "惊艳": "🤩", "开心": "😊😁😄😃😀", "微笑": "🙂", "笑哭": "😂", "大笑": "🤣", "大哭": "😭",
    "哭": "😢", "愤怒": "😡", "生气": "😠😤", "骂人": "🤬", "不满": "😒", "无语": "🙄", "失望": "😞", "失落": "😔",
    "疲惫": "😩", "累": "😫", "恶心": "🤮🤢", "垃圾": "💩", "吓死了": "😱", "尴尬": "😬", "火爆": "🔥",
    "满分": "💯", "闪亮": "✨", "庆祝": "🎉", "星": "⭐🌟", "正确": "✅✔☑", "错误": "❌❎✖", "警告": "⚠",
    "禁止": "🚫", "女": "♀", "男": "♂",
}  # fmt: skip

# Traditional characters that simplified text writes too, in the few words that OpenCC's phrases keep.
_KEPT_IN_PHRASES = "於乾徵昇"
# Those that simplified text writes too and that change in a few words; OpenCC's own phrases change 说明覆盖 as well.
_CHANGED_IN_PHRASES = {
    "瞭": ("了", "(?=[解如然若])|(?<=明瞭)"),
    "覆": ("复", "(?<=[回答反]覆)(?![盖蓋没沒灭滅辙轍膜])"),
    "藉": ("借", "(?<![慰狼蕴蘊枕]藉)(?=[口由此助以着著])"),
}
# Put behind a character that changes where it stands: of two bytes, so that the map sees one grapheme of five.
_MARK = "\u0301"

_UNITS = 1 << 20  # room for the trie while it is built
_BLOCK = 256  # a look-up reads anywhere in the block of a child


def add_readings(spec):
    """Return a `tokenizer.json` dict whose normaliser reads traditional characters and emoji.

    Parameters
    ----------
    spec : dict
        A tokenizer of simplified Chinese. One that has the readings already gets them anew.

    Returns
    -------
    dict
        A copy. A character is mapped where a piece has what it becomes; an emoji where its word is known and it is not.
    """
    spec = copy.deepcopy(spec)
    # What removes spaces comes first without the readings.
    steps = list(dropwhile(lambda step: step.get("content") != "", spec["normalizer"]["normalizers"]))
    spec["normalizer"]["normalizers"] = steps
    knows = _knows(spec)
    in_pieces = {character for piece, _ in spec["model"]["vocab"] for character in piece}
    characters, in_phrases = traditional_characters()
    rules = {key: value for key, value in characters.items() if in_pieces.issuperset(value)}
    rules |= _compatibility_forms(rules)
    words = emoji_words().items()
    rules |= {key: word for key, word in words if word == _NOTHING or (knows(word) and not knows(key))}
    rules |= {key + _MARK: value for key, (value, _) in in_phrases.items()}
    spec["normalizer"]["normalizers"] = [_mark(in_phrases), _precompiled(rules), *steps]
    return spec


def traditional_characters():
    """Return OpenCC's simplified form of each traditional character.

    Returns
    -------
    characters : dict of str to str
        Those that have it wherever they stand. What OpenCC leaves as it is contains none of them.
    in_phrases : dict of str to tuple of (str, str)
        For those that have it in some phrases alone: the form, and a regular expression of the place behind them.
    """
    import opencc

    phrases, characters = ({key: value.split(" ")[0] for key, value in table.items()} for table in _tables(opencc))
    changed = {key: value for key, value in characters.items() if len(key) == 1 and key != value}
    written = set().union(*phrases.values(), *characters.values())
    everywhere = {key: value for key, value in changed.items() if key not in written}
    in_phrases = {}
    for key in _KEPT_IN_PHRASES:
        kept = {form for phrase in phrases.items() if key in phrase[1] for form in phrase if key in form}
        in_phrases[key] = changed[key], _outside(key, kept)
    return everywhere, in_phrases | _CHANGED_IN_PHRASES


def emoji_words():
    """Return a Chinese word for each emoji of one code point, and nothing for what only changes its looks."""
    import emoji

    emoji.config.load_language("zh")
    words = {}
    for sequence, data in emoji.EMOJI_DATA.items():
        character = sequence.replace("\ufe0f", "")
        if len(character) == 1 and character > "\u2000" and "zh" in data:
            words[character] = data["zh"].strip(":").replace("_", "")
    words |= {character: word for word, characters in _MEANINGS.items() for character in characters}
    return words | _FLAG_LETTERS | dict.fromkeys(map(chr, _MODIFIERS), _NOTHING)


def compile_map(rules):
    """Return a map of characters in sentencepiece's form: a double-array trie and what it points to.

    Parameters
    ----------
    rules : dict of str to str
        What each character becomes, or each grapheme of at most five bytes.

    Returns
    -------
    bytes
        Size of the trie, its units of 32 bits, and the replacements, each ended by a zero.
    """
    replacements, places, root = bytearray(), {}, {}
    for key, value in sorted(rules.items()):
        if value not in places:
            places[value] = len(replacements)
            replacements += value.encode() + b"\0"
        node = root
        for byte in key.encode():
            node = node.setdefault(byte, {})
        node[0] = places[value]
    trie = _double_array(root)
    return len(trie).to_bytes(4, "little") + trie + bytes(replacements)


def _double_array(root):
    """Lay a trie of dicts out as an array: a child is at its parent's base XOR its byte, a value at the base itself."""
    units = np.zeros(_UNITS, dtype="<u4")
    free, is_base = bytearray(b"\1") * _UNITS, bytearray(_UNITS)
    free[0] = 0
    queue, first, end = [(root, 0)], 1, 0
    for node, position in queue:
        while not free[first] or is_base[first]:
            first += 1
        base = first
        while is_base[base] or not all(free[base ^ byte] for byte in node):
            base += 1
        is_base[base] = 1
        units[position] |= (position ^ base) << 10 | (0 in node) << 8
        for byte, below in node.items():
            child = base ^ byte
            free[child], end = 0, max(end, child)
            if byte == 0:
                units[child] = 1 << 31 | below
            else:
                units[child] = byte
                queue.append((below, child))
    return units[: (end // _BLOCK + 1) * _BLOCK].tobytes()


def _tables(opencc):
    return [table for _, _, table in opencc.OpenCC("t2s").dict_cache.values()]


def _outside(character, phrases):
    """Return a pattern for the place behind `character` where it is in none of `phrases`."""
    kept = []
    for phrase in sorted(phrases):
        # A phrase inside another one decides alone.
        if not any(other != phrase and other in phrase and character in other for other in phrases):
            before, _, after = phrase.partition(character)
            kept.append((f"(?<={before}{character})" if before else "") + after)
    return f"(?!{'|'.join(kept)})"


def _compatibility_forms(rules):
    """Return the rules of characters whose NFKC form is a single character that has a rule."""
    normal = ((chr(code), unicodedata.normalize("NFKC", chr(code))) for code in range(0x2E80, 0x2FA20))
    return {character: rules[form] for character, form in normal if form != character and form in rules}


def _knows(spec):
    tokenizer, unknown = Tokenizer.from_str(json.dumps(spec)), spec["model"]["unk_id"]
    return lambda text: unknown not in tokenizer.encode(text, add_special_tokens=False).ids


def _precompiled(rules):
    return {"type": "Precompiled", "precompiled_charsmap": base64.b64encode(compile_map(rules)).decode()}


def _mark(in_phrases):
    """Return one step for all characters that change in some places: a step costs time, and has one replacement."""
    places = "|".join(f"(?<={character})(?:{place})" for character, (_, place) in in_phrases.items())
    # The \\K ends what is replaced before it begins: found by its first byte, and nothing but a mark is put in.
    pattern = f"[{''.join(in_phrases)}]\\K(?:{places})"
    return {"type": "Replace", "pattern": {"Regex": pattern}, "content": _MARK}


def main(arguments=None):
    """Write the tokenizer of a checkpoint folder with the readings."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("folder", type=Path, help="a checkpoint folder with tokenizer.json")
    path = parser.parse_args(arguments).folder / "tokenizer.json"
    spec = add_readings(json.loads(path.read_text(encoding="utf-8")))
    path.write_text(json.dumps(spec, ensure_ascii=False), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())

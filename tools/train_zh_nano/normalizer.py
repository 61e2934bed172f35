"""One character map does all that zh-nano's tokenizer does before it cuts: each further step would cost time.

Traditional characters become simplified ones, emoji Chinese words, full-width forms and capitals ASCII in lower case.
"""

from __future__ import annotations

import base64

from ..train_zh_mini.readings import compile_map, emoji_words, traditional_characters

_FULL_WIDTH = 0xFEE0  # from an ASCII character to its full-width form


def read_all():
    """Return the normaliser, as it stands in `tokenizer.json`."""
    characters, _ = traditional_characters()
    printable = {chr(code): chr(code).lower() for code in range(33, 127)}
    rules = {
        **emoji_words(),
        **characters,
        **{chr(ord(character) + _FULL_WIDTH): lower for character, lower in printable.items()},
        **{character: lower for character, lower in printable.items() if character != lower},
        "\u3000": " ",
    }
    return {"type": "Precompiled", "precompiled_charsmap": base64.b64encode(compile_map(rules)).decode()}

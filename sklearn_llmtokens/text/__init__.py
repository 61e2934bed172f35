"""Text in, cleaner text out: cut Chinese into words, and even out how texts are written."""

from ._jieba_tokenizer import JiebaTokenizer
from ._normalizer import TextNormalizer
from ._text_column import TextColumn

__all__ = ["JiebaTokenizer", "TextColumn", "TextNormalizer"]

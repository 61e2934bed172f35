"""Text in, cleaner text out: cut Chinese into words, and even out how texts are written."""

from ._jieba_tokenizer import JiebaTokenizer
from ._normalizer import TextNormalizer

__all__ = ["JiebaTokenizer", "TextNormalizer"]

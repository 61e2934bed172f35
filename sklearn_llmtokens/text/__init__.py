"""Transformers of texts: Chinese word segmentation and text normalisation."""

from ._jieba_tokenizer import JiebaTokenizer
from ._normalizer import TextNormalizer
from ._text_column import TextColumn

__all__ = ["JiebaTokenizer", "TextColumn", "TextNormalizer"]

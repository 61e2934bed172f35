"""Transformers of texts: Chinese word segmentation and text normalisation."""

from .._public import name_public_module
from ._jieba_tokenizer import JiebaTokenizer
from ._normalizer import TextNormalizer
from ._text_column import TextColumn

__all__ = ["JiebaTokenizer", "TextColumn", "TextNormalizer"]

name_public_module(globals())

"""Transformers of texts: Chinese word segmentation and text normalisation."""

from .._public import name_public_module
from ._jieba_tokenizer import JiebaTokenizer
from ._normalizer import TextNormalizer
from ._table_reader import TableReader
from ._text_column import TextColumn

__all__ = ["JiebaTokenizer", "TableReader", "TextColumn", "TextNormalizer"]

name_public_module(globals())

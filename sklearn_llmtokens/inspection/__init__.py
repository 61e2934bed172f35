"""Which words decided: contributions of words to what a fitted model predicts or recommends."""

from .._public import name_public_module
from ._explain_text import explain_text
from ._explanation import TextExplanation

__all__ = ["TextExplanation", "explain_text"]

name_public_module(globals())

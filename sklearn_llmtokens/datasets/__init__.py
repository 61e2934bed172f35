"""Data sets: small ones bundled with the package, and fetchers of public ones, verified by checksum."""

from .._public import name_public_module
from ._amazon import fetch_amazon_interactions
from ._banking77 import fetch_banking77
from ._fewclue import fetch_csldcp, fetch_eprstmt, fetch_iflytek, fetch_tnews
from ._games import fetch_games6k
from ._home import clear_data_home, get_data_home
from ._movielens import fetch_movielens_1m
from ._pairs import fetch_sentence_pairs
from ._shopping import fetch_shopping_reviews
from ._sighan import fetch_sighan2005
from ._thucnews import fetch_thucnews
from ._toy import load_toy_catalog, load_toy_reviews

__all__ = [
    "clear_data_home",
    "fetch_amazon_interactions",
    "fetch_banking77",
    "fetch_csldcp",
    "fetch_eprstmt",
    "fetch_games6k",
    "fetch_iflytek",
    "fetch_movielens_1m",
    "fetch_sentence_pairs",
    "fetch_shopping_reviews",
    "fetch_sighan2005",
    "fetch_thucnews",
    "fetch_tnews",
    "get_data_home",
    "load_toy_catalog",
    "load_toy_reviews",
]

name_public_module(globals())

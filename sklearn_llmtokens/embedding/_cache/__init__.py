"""The cache of vectors: rows by digest, in memory, in a folder, or nowhere."""

from ._file import row_bytes
from ._memory import set_memory_limit
from ._open import caches_bypassed, open_cache, resolve_folder
from ._prepared import PreparedFolder
from ._protocol import Cache, CacheInfo
from ._sqlite import STORE_LIMIT_VARIABLE

__all__ = [
    "STORE_LIMIT_VARIABLE",
    "Cache",
    "CacheInfo",
    "PreparedFolder",
    "caches_bypassed",
    "open_cache",
    "resolve_folder",
    "row_bytes",
    "set_memory_limit",
]

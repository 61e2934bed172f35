"""The store behind ``cache``: vectors by digest, in memory, in a folder, or nowhere."""

from ._memory import set_memory_limit
from ._open import Store, open_store
from ._rows import CacheInfo
from ._sqlite import STORE_LIMIT_VARIABLE
from ._sqlite_file import row_bytes

__all__ = ["STORE_LIMIT_VARIABLE", "CacheInfo", "Store", "open_store", "row_bytes", "set_memory_limit"]

"""What a part of `embed_parquet` was made from: hashes of embedder and rows that are the same in every process."""

from collections.abc import Collection, Iterator
from hashlib import blake2b

from joblib.hashing import NumpyHasher
from sklearn.base import BaseEstimator

from ._embedder import LLMTokenEmbedder
from ._spec import EmbeddingSpec

# How and where something is computed, and not what; the last is an address in memory, of scikit-learn's vectorizers.
_RESOURCES = {"n_jobs", "verbose", "_stop_words_id"}
_EMBEDDER_RESOURCES = _RESOURCES | {"device", "batch_tokens", "cache"}

_READ_BYTES = 1 << 23


def embedder_hash(embedder) -> str:
    """Hash everything that changes a vector; nothing of how and where it is computed.

    Parameters
    ----------
    embedder : fitted transformer
        An `LLMTokenEmbedder`, or anything that may hold some, such as a pipeline.

    Returns
    -------
    str
        Hexadecimal digits.
    """
    return _Hasher().hash(embedder)


class SourceHashes:
    """Hashes of what rows of Parquet files are made of. A row group is read once, whatever the number of its parts.

    Parameters
    ----------
    filesystem : pyarrow.fs.FileSystem
        Where the files lie.
    columns : collection of str or None
        The columns that count. None is all.
    """

    def __init__(self, filesystem, columns: Collection[str] | None):
        self._filesystem = filesystem
        self._columns = columns
        self._file = ""

    def of(self, file: str, start: int, stop: int) -> str:
        """Hash the footer of a file, and the bytes of the row groups that hold some of its rows.

        Parameters
        ----------
        file : str
            The file.
        start, stop : int
            The rows.

        Returns
        -------
        str
            Hexadecimal digits.
        """
        if file != self._file:
            self._open(file)
        whole = blake2b(self._footer, digest_size=16)
        end = 0
        for k in range(self._metadata.num_row_groups):
            first, end = end, end + self._metadata.row_group(k).num_rows
            if end > start and first < stop:
                if k not in self._groups:
                    self._groups[k] = self._group_hash(k)
                whole.update(self._groups[k])
        return whole.hexdigest()

    def _open(self, file: str) -> None:
        import pyarrow.parquet as pq

        with pq.ParquetFile(file, filesystem=self._filesystem) as opened:
            self._metadata = opened.metadata
        with self._filesystem.open_input_file(file) as opened:
            n_bytes = int.from_bytes(opened.read_at(4, opened.size() - 8), "little")
            self._footer = opened.read_at(n_bytes, opened.size() - 8 - n_bytes)
        self._file, self._groups = file, dict[int, bytes]()

    def _group_hash(self, k: int) -> bytes:
        found = blake2b(digest_size=16)
        with self._filesystem.open_input_file(self._file) as opened:
            for start, stop in _chunks(self._metadata.row_group(k), self._columns):
                for at in range(start, stop, _READ_BYTES):
                    found.update(opened.read_at(min(_READ_BYTES, stop - at), at))
        return found.digest()


def _chunks(group, columns: Collection[str] | None) -> Iterator[tuple[int, int]]:
    """Return where the columns of a row group begin and end in the file."""
    for j in range(group.num_columns):
        chunk = group.column(j)
        path = chunk.path_in_schema  # of a nested column: its name, a dot, and names below it
        if columns is None or any(path == name or path.startswith(f"{name}.") for name in columns):
            start = chunk.data_page_offset
            if chunk.has_dictionary_page and 0 < chunk.dictionary_page_offset < start:
                start = chunk.dictionary_page_offset
            yield start, start + chunk.total_compressed_size


class _Hasher(NumpyHasher):
    """joblib's hash of values, made blind to resources, and to the order of sets, which differs between processes."""

    def reducer_override(self, obj):
        if isinstance(obj, set | frozenset):
            return type(obj), (sorted(_Hasher().hash(item) for item in obj),)
        if isinstance(obj, LLMTokenEmbedder) and hasattr(obj, "spec_"):
            return LLMTokenEmbedder, (EmbeddingSpec.from_dict(obj.spec_).digest(), obj.word_weights_)
        if isinstance(obj, BaseEstimator):
            left_out = _EMBEDDER_RESOURCES if isinstance(obj, LLMTokenEmbedder) else _RESOURCES
            function, arguments, *more = obj.__reduce_ex__(self.proto)
            if more and isinstance(more[0], dict):
                more[0] = {name: value for name, value in more[0].items() if name not in left_out}
            return function, arguments, *more
        return NotImplemented

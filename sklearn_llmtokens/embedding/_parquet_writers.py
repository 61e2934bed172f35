"""Vectors into a file, a batch at a time: beside the other columns as Parquet, or alone as an array of NumPy."""

from collections.abc import Mapping, Sequence
from typing import Any, BinaryIO

import numpy as np

from ._embed_batches import fixed_size_lists

METADATA_KEY = b"sklearn_llmtokens"


class ParquetWriter:
    """Rows with vectors beside the columns that are kept.

    Parameters
    ----------
    file : file object
        Open for bytes.
    columns : sequence of str or None
        The columns that are kept. None is all.
    suffix : str
        Ends the names of the columns of vectors.
    about : bytes
        What the part is, for the metadata.
    """

    def __init__(self, file: BinaryIO, columns: Sequence[str] | None, suffix: str, about: bytes):
        self._file, self._columns, self._suffix, self._about = file, columns, suffix, about
        self._writer: Any = None

    def write(self, batch, vectors: Mapping[str, np.ndarray]) -> None:
        """Write rows.

        Parameters
        ----------
        batch : pyarrow.RecordBatch
            The rows.
        vectors : mapping of str to ndarray of shape (n_rows, n_features)
            Their vectors, by the column of text.
        """
        import pyarrow as pa
        import pyarrow.parquet as pq

        kept = batch if self._columns is None else batch.select(list(self._columns))
        for name, rows in vectors.items():
            kept = kept.append_column(name + self._suffix, fixed_size_lists(rows))
        if self._writer is None:
            self._metadata = {**(kept.schema.metadata or {}), METADATA_KEY: self._about}
            schema = kept.schema.with_metadata(self._metadata)
            flat = [field.name for field in schema if not pa.types.is_nested(field.type)]
            options = {"use_dictionary": flat, "write_statistics": flat, "write_page_checksum": True}
            self._writer = pq.ParquetWriter(self._file, schema, compression="zstd", **options)
        self._writer.write_batch(kept.replace_schema_metadata(self._metadata))

    def close(self) -> None:
        """Write the footer."""
        if self._writer is not None:
            self._writer.close()


class NpyWriter:
    """The vectors of one column of text alone.

    Parameters
    ----------
    file : file object
        Open for bytes.
    n_rows : int
        Rows in all: the header, which comes first, has their number.
    """

    def __init__(self, file: BinaryIO, n_rows: int):
        self._file, self._n_rows = file, n_rows
        self._has_header = False

    def write(self, batch, vectors: Mapping[str, np.ndarray]) -> None:
        """Write vectors.

        Parameters
        ----------
        batch : pyarrow.RecordBatch
            The rows, of which nothing is written.
        vectors : mapping of str to ndarray of shape (n_rows, n_features)
            Those of the one column of text.
        """
        (rows,) = vectors.values()
        if not self._has_header:
            shape = (self._n_rows, rows.shape[1])
            header = {"descr": np.lib.format.dtype_to_descr(rows.dtype), "fortran_order": False, "shape": shape}
            np.lib.format.write_array_header_1_0(self._file, header)
            self._has_header = True
        self._file.write(np.ascontiguousarray(rows).tobytes())

    def close(self) -> None:
        """Do nothing: an array has no end mark."""

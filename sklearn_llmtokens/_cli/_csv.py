"""Rows of CSV files, as text.

The `csv` module reads them, in its strict mode: `pyarrow.csv` takes a quote that is never closed for a field to the end
of the file, joins what stands behind a closing quote, and names no lines. CSV has no types, so that columns stay text:
007 is not 7.
"""

import csv
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from .._utils._messages import shorten
from ._batched import batched, count_missing
from ._errors import UsageError

_LONGEST_FIELD = 2**31 - 1
_OTHER_DELIMITERS = ";\t|,"
_SHOWN = 10


class CsvRows:
    """A CSV file with a header.

    Parameters
    ----------
    opened : callable
        Returns the file, open for text, at its beginning.
    name : str
        Its name, for messages.
    text_columns : sequence of str
        The columns of text.
    columns : sequence of str or None
        The columns that are read. None is all.
    delimiter : str
        One character.

    Attributes
    ----------
    schema : pyarrow.Schema
        Strings.
    missing : dict of str to (int, int)
        By column of text, the number of missing texts and the line of the first; complete after `batches`.
    """

    def __init__(
        self,
        opened: Callable[[], Any],
        name: str,
        text_columns: Sequence[str],
        columns: Sequence[str] | None,
        delimiter: str,
    ):
        import pyarrow as pa

        self._name, self._text_columns, self._delimiter = name, text_columns, delimiter
        self.missing: dict[str, tuple[int, int]] = {}
        csv.field_size_limit(_LONGEST_FIELD)
        self._rows = self._read(opened())
        _, self._header = next(self._rows, (1, []))
        kept = self._header if columns is None else columns
        self._check_header(kept)
        self._at = [self._header.index(column) for column in kept]
        self.schema = pa.schema([(column, pa.string()) for column in kept])

    def batches(self) -> Iterator[Any]:
        """Read the rows below the header.

        Yields
        ------
        pyarrow.RecordBatch
            Rows of strings; an empty field is null.
        """
        import pyarrow as pa

        for batch in batched(self._rows, lambda row: sum(map(len, row))):
            lines = [line for line, _ in batch]
            columns = [[row[at] or None for _, row in batch] for at in self._at]
            for name, column in zip(self.schema.names, columns, strict=True):
                if name in self._text_columns:
                    count_missing(self.missing, name, column, lines)
            yield pa.record_batch([pa.array(column, pa.string()) for column in columns], schema=self.schema)

    def _read(self, file) -> Iterator[tuple[int, list[str]]]:
        """Yield the line in which a row begins, and its fields."""
        with file:
            reader = csv.reader(file, delimiter=self._delimiter, strict=True)
            line, n_fields = 1, 0
            try:
                for row in reader:
                    if not row and n_fields == 1:
                        row = [""]  # the one field of the line is empty
                    if row:
                        n_fields = n_fields or len(row)
                        if len(row) != n_fields:
                            raise UsageError(
                                f"{self._name}, line {line:,}: {len(row)} field(s), and the header has {n_fields}. A "
                                f"field that contains {self._delimiter!r} or a line break stands in double quotes."
                            )
                        yield line, row
                    line = reader.line_num + 1
            except csv.Error as error:
                raise UsageError(
                    f"{self._name}, line {line:,}: {error}. A double quote in a quoted field is written twice, and "
                    "each quote is closed."
                ) from None

    def _check_header(self, kept: Sequence[str]) -> None:
        if not self._header:
            raise UsageError(f"{self._name} is empty: its first line names the columns.")
        for name in self._text_columns:
            if name not in self._header:
                found = f"{self._name} has {self._found()}.{self._hint()}"
                raise UsageError(f"--text-columns names {shorten(name)}, and {found}")
        for name in kept:
            if name not in self._header:
                raise UsageError(f"--columns names {shorten(name)}, and {self._name} has {self._found()}.")
            if (n_columns := self._header.count(name)) > 1:
                raise UsageError(f"{self._name} has {n_columns} columns {shorten(name)}: give each a name of its own.")

    def _found(self) -> str:
        names = ", ".join(map(shorten, self._header[:_SHOWN]))
        return f"the columns {names}{', ...' if len(self._header) > _SHOWN else ''}"

    def _hint(self) -> str:
        if len(self._header) == 1:
            for other in _OTHER_DELIMITERS:
                if other in self._header[0]:
                    return f" Its fields may be separated by {other!r}: pass --delimiter {other!r}."
        header = "If its first line is a row and no header, put a line with the names of the columns before it."
        return f" Pass one of them as --text-columns. {header}"

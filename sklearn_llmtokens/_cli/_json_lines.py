"""Rows of JSON lines: one object per line.

The `json` module reads them: `pyarrow.json` makes dates of texts that look like one, and takes the types of all rows
from the first block of a file.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from .._utils._messages import shorten
from ._batched import batched, count_missing
from ._errors import UsageError

_SHOWN = 10


class JsonRows:
    """A file with a JSON object on each line.

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

    Attributes
    ----------
    schema : pyarrow.Schema
        Types that suit all rows.
    missing : dict of str to (int, int)
        By column of text, the number of missing texts and the line of the first; complete after `batches`.
    """

    def __init__(
        self, opened: Callable[[], Any], name: str, text_columns: Sequence[str], columns: Sequence[str] | None
    ):
        self._opened, self._name, self._text_columns = opened, name, text_columns
        self.missing: dict[str, tuple[int, int]] = {}
        self.schema = self._find_schema(columns)

    def batches(self) -> Iterator[Any]:
        """Read the rows.

        Yields
        ------
        pyarrow.RecordBatch
            Rows; a key that is absent, and null, are null.
        """
        import pyarrow as pa

        for batch in batched(self._read(), _size):
            lines = [line for line, _ in batch]
            arrays = []
            for field in self.schema:
                values = [row.get(field.name) for _, row in batch]
                if field.name in self._text_columns:
                    count_missing(self.missing, field.name, values, lines)
                arrays.append(self._array(values, field.type, field.name, lines))
            yield pa.record_batch(arrays, schema=self.schema)

    def _find_schema(self, columns: Sequence[str] | None):
        """Read all rows for the types of the columns."""
        import pyarrow as pa

        schema = pa.schema([])
        seen: dict[str, None] = {}
        for batch in batched(self._read(), _size):
            lines = [line for line, _ in batch]
            for _, row in batch:
                seen.update(dict.fromkeys(row))
            fields = []
            for name in seen if columns is None else [name for name in columns if name in seen]:
                values = [row.get(name) for _, row in batch]
                if name in self._text_columns:
                    self._check_texts(values, name, lines)
                    fields.append(pa.field(name, pa.string()))
                else:
                    fields.append(pa.field(name, self._array(values, None, name, lines).type))
            try:
                schema = pa.unify_schemas([schema, pa.schema(fields)], promote_options="permissive")
            except (pa.ArrowException, TypeError) as error:
                raise UsageError(
                    f"{self._name}, lines {lines[0]:,} to {lines[-1]:,}: values of other types than before "
                    f"({str(error)[:100]}): leave the column out with --columns."
                ) from None
        found = ", ".join(map(shorten, list(seen)[:_SHOWN])) + (", ..." if len(seen) > _SHOWN else "")
        for option, names in (("--text-columns", self._text_columns), ("--columns", columns or [])):
            for name in names:
                if name not in seen:
                    keys = f"has the keys {found}" if found else "has no rows"
                    raise UsageError(f"{option} names {shorten(name)}, and {self._name} {keys}.")
        return schema

    def _read(self) -> Iterator[tuple[int, dict]]:
        with self._opened() as file:
            for number, line in enumerate(file, 1):
                if not line.strip():
                    continue
                try:
                    row = json.loads(line)
                except (ValueError, RecursionError) as error:
                    if number == 1 and line.lstrip().startswith("["):
                        raise self._not_an_object(number, "an array") from None
                    reason = getattr(error, "msg", str(error)[:60])
                    raise UsageError(f"{self._name}, line {number:,} is no JSON object ({reason}).") from None
                if not isinstance(row, dict):
                    raise self._not_an_object(number, f"a {type(row).__name__}")
                yield number, row

    def _not_an_object(self, number: int, what: str) -> UsageError:
        return UsageError(
            f"{self._name}, line {number:,} is {what}, and one JSON object per line is expected: jq -c '.[]' makes "
            "lines of an array."
        )

    def _check_texts(self, values: list, name: str, lines: list[int]) -> None:
        for value, line in zip(values, lines, strict=True):
            if value is not None and not isinstance(value, str):
                raise UsageError(f"{self._name}, line {line:,}: {shorten(name)} is {shorten(value)}, not a text.")
            try:
                (value or "").encode()
            except UnicodeEncodeError:
                raise UsageError(
                    f"{self._name}, line {line:,}: {shorten(name)} has one half of a character alone (a surrogate), "
                    "which is no text."
                ) from None

    def _array(self, values: list, kind, name: str, lines: list[int]):
        import pyarrow as pa

        try:
            return pa.array(values, kind)
        except (pa.ArrowException, TypeError, ValueError, OverflowError) as error:
            raise UsageError(
                f"{self._name}, lines {lines[0]:,} to {lines[-1]:,}: the values of {shorten(name)} are of no one type "
                f"({str(error)[:100]}): leave it out with --columns."
            ) from None


def _size(row: dict) -> int:
    return sum(len(value) if isinstance(value, str) else 8 for value in row.values())

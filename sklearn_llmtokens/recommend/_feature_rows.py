"""Features of items, arrays or frames of any library: brought to the columns and types of a catalogue, and joined."""

import narwhals as nw
import numpy as np

from .._utils._columns import is_missing

_TEXT_TYPES = (nw.String, nw.Categorical, nw.Enum)
_UNITS = ("s", "ms", "us", "ns")


def as_native(features):
    """Return a frame of any library as that of narwhals, and an array as it is."""
    return nw.from_native(features, eager_only=True, pass_through=True)


def like(features, known):
    """Return features of new items in the library of the catalogue's, with its columns in their order.

    Parameters
    ----------
    features, known : ndarray or frame of shape (n, n_features)
        Those of new items, and those of the catalogue.

    Returns
    -------
    ndarray or frame of shape (n, n_features)
        The same features. `take_rows` can put them below those of the catalogue.

    Raises
    ------
    ValueError
        If one is an array and the other a frame, columns differ, or a column holds values of another kind.
    """
    new, old = as_native(features), as_native(known)
    is_frame = isinstance(old, nw.DataFrame)
    if isinstance(new, nw.DataFrame) != is_frame:
        raise ValueError(
            f"features is a {type(features).__name__}, the catalogue's are a {type(known).__name__}: pass "
            f"{'a frame with the columns ' + str(old.columns) if is_frame else 'an array'}."
        )
    if not is_frame:
        if new.shape[1] != old.shape[1]:
            raise ValueError(f"features has {new.shape[1]} columns, the catalogue's have {old.shape[1]}.")
        return features
    if set(new.columns) != set(old.columns):
        raise ValueError(f"features has the columns {new.columns}, the catalogue's have {old.columns}.")
    new = new.select(old.columns)
    if new.implementation is not old.implementation:
        new = nw.from_dict({column.name: _plain(column) for column in new.iter_columns()}, backend=old.implementation)
    return new.with_columns(*(_checked(new[name], old[name]) for name in old.columns)).to_native()


def take_rows(tables: list, idx: np.ndarray):
    """Return rows of tables that lie one below the other."""
    if tables[0] is None:
        return None
    natives = [as_native(table) for table in tables]
    if isinstance(natives[0], nw.DataFrame):
        whole = natives[0] if len(natives) == 1 else _below(natives)
        return whole[idx.tolist()].to_native()
    rows = (natives[0] if len(natives) == 1 else np.concatenate(natives))[idx]
    rows.setflags(write=False)
    return rows


def _plain(column) -> list:
    is_float = column.dtype.is_float()
    return [None if not is_float and is_missing(value) else value for value in column.to_list()]


def _checked(new, old):
    """Return a column of new items, or raise a ValueError if it does not hold what the catalogue's column holds."""
    if len(new) and new.is_null().all():
        holds_none = not (old.dtype.is_integer() and old.implementation.is_pandas_like())
        dtype = old.dtype if holds_none else nw.Float64
        return nw.new_series(new.name, [None] * len(new), dtype, backend=new.implementation)
    if len(new) and len(old) and not old.is_null().all() and _kind(new.dtype) != _kind(old.dtype):
        raise ValueError(
            f"The column {old.name!r} of features is of type {new.dtype}, the catalogue's is of type {old.dtype}: "
            "convert it first."
        )
    return new


def _kind(dtype) -> str:
    """Return a name that types share whose columns can lie one below the other.

    Examples
    --------
    >>> _kind(nw.Int8()) == _kind(nw.Float64()), _kind(nw.String()) == _kind(nw.Categorical())
    (True, True)
    """
    if dtype.is_numeric():
        return "number"
    if dtype in _TEXT_TYPES or dtype == nw.Object:
        return "text"
    if dtype == nw.Datetime:
        return f"datetime in {dtype.time_zone}"
    return "datetime in None" if dtype == nw.Date else str(type(dtype))


def _below(frames: list[nw.DataFrame]) -> nw.DataFrame:
    """Put frames of one library and of the same columns one below the other, each column in one type."""
    common = {name: _common_type([frame[name] for frame in frames]) for name in frames[0].columns}
    cast = [
        frame.with_columns(*(nw.col(name).cast(common[name]) for name in common if frame.schema[name] != common[name]))
        for frame in frames
    ]
    whole = nw.concat(cast, how="vertical")
    lost = [name for name, dtype in common.items() if dtype == nw.Categorical and whole.schema[name] != dtype]
    return whole.with_columns(*(nw.col(name).cast(nw.Categorical) for name in lost))  # pandas: other categories


def _common_type(columns: list):
    """Return the type of columns that lie one below the other: that of the first where others fit into it."""
    dtypes = [column.dtype for column in columns if not column.is_null().all()] or [columns[0].dtype]
    first = dtypes[0]
    if first.is_integer() and len(dtypes) < len(columns) and columns[0].implementation.is_pandas_like():
        return nw.Float64()  # what is missing is NaN
    if all(dtype == first for dtype in dtypes) and first != nw.Enum:
        return first
    if first.is_numeric():
        return nw.Int64() if all(dtype.is_integer() for dtype in dtypes) else nw.Float64()
    if first == nw.Enum:
        categories = dict.fromkeys(first.categories)
        for column in columns[1:]:
            categories |= dict.fromkeys(column.drop_nulls().unique(maintain_order=True).to_list())
        return nw.Enum(list(categories))
    if first in (nw.Datetime, nw.Date) and nw.Datetime in dtypes:
        finest = max((dtype for dtype in dtypes if dtype == nw.Datetime), key=lambda one: _UNITS.index(one.time_unit))
        return nw.Datetime(finest.time_unit, finest.time_zone)
    if first == nw.Duration:
        return max(dtypes, key=lambda one: _UNITS.index(one.time_unit))
    return next((dtype for dtype in dtypes if dtype == nw.Object), first)

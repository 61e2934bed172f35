"""Frames and columns of lazy libraries: the call that makes them one in memory, for messages."""

_EAGER_CALLS = {  # what gives a frame in memory, by the module of the class of one that is not
    "dask": ".compute()",
    "datafusion": ".to_pandas()",
    "datasets": ".to_pandas()",
    "duckdb": ".df()",
    "ibis": ".to_pandas()",
    "narwhals": ".collect()",
    "polars": ".collect()",
    "pyspark": ".toPandas()",
    "pyspark.pandas": ".to_pandas()",
    "ray": ".to_pandas()",
    "sqlframe": ".toPandas()",
}


def eager_call(values) -> str | None:
    """Return the call that makes a frame or column of a lazy library one in memory; None where it is in memory already.

    Examples
    --------
    >>> eager_call([1, 2]) is None
    True
    """
    parts = type(values).__module__.lstrip("_").split(".")
    if parts[0] in ("polars", "narwhals") and type(values).__name__ != "LazyFrame":
        return None
    return _EAGER_CALLS.get(".".join(parts[:2])) or _EAGER_CALLS.get(parts[0])

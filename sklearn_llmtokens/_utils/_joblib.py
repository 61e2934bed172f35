"""Compatibility shims for private names of joblib."""


def is_of_joblib(backend) -> bool:
    """Check whether a parallel backend is one of joblib's own, and not that of a cluster."""
    return type(backend).__module__.startswith("joblib._parallel")

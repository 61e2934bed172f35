"""How many examples: few fixed ones, or a thousand new ones where SKLEARN_LLMTOKENS_FUZZ=long is in the environment."""

import os

from hypothesis import HealthCheck, settings

_SLOW = [HealthCheck.too_slow, HealthCheck.function_scoped_fixture, HealthCheck.filter_too_much]
_SHORT = settings(max_examples=15, derandomize=True, database=None, deadline=None, suppress_health_check=_SLOW)
_LONG = settings(max_examples=1000, deadline=None, print_blob=True, suppress_health_check=_SLOW)

fuzz = {"short": _SHORT, "long": _LONG}[os.environ.get("SKLEARN_LLMTOKENS_FUZZ", "short")]

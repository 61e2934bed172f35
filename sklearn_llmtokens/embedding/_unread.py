"""Texts that a model reads in part or not at all: how many there are, and the warnings that say so."""

from dataclasses import dataclass

from .._utils._warnings import warn_once
from ..exceptions import TruncationWarning, UnknownTokenWarning


@dataclass(frozen=True)
class Unread:
    """Numbers of distinct texts that went through the model without being read whole.

    Attributes
    ----------
    n_truncated : int, default=0
        Texts that were cut.
    n_unknown : int, default=0
        Texts of which the vocabulary lacks at least half.
    """

    n_truncated: int = 0
    n_unknown: int = 0

    def __add__(self, other: "Unread") -> "Unread":
        return Unread(self.n_truncated + other.n_truncated, self.n_unknown + other.n_unknown)

    def warn(self, max_length: int, model: str = "") -> None:
        """Issue one warning of each kind that there is; its ``n_texts`` is the number of texts.

        Parameters
        ----------
        max_length : int
            Most tokens that the model reads.
        model : str, default=""
            The fingerprint of the model: the same message about the same model is not repeated.
        """
        if self.n_truncated:
            _warn(
                TruncationWarning,
                model,
                self.n_truncated,
                f"distinct text(s) had more than {max_length} tokens, which is all that is read, and were cut: set "
                "long_text='chunk' to read the whole of each, or a larger max_length if the model allows it.",
            )
        if self.n_unknown:
            _warn(
                UnknownTokenWarning,
                model,
                self.n_unknown,
                "distinct text(s) are mostly unknown to the model: its vocabulary lacks half or more of their "
                "characters, and such texts get nearly equal vectors. Choose a model that knows their language; "
                "traditional Chinese becomes simplified with TextNormalizer(simplify=True).",
            )


def _warn(category: type[Warning], model: str, n_texts: int, message: str) -> None:
    warning = category(f"{n_texts} {message}")
    warning.n_texts = n_texts  # type: ignore[attr-defined]
    warn_once(warning, model)

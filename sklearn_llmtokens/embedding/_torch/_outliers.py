"""Input channels of a product whose values dwarf those of the others: 8 bits, which all share, lose the others."""

from collections.abc import Callable
from typing import Any

import torch
from tokenizers import Tokenizer

_TIMES = 16  # the median of the channels: no cosine of zh-mini changes from 4 to 16
_MOST = 4  # channels of one product
_PROBES = (
    "物流很快，下次还来。",
    "这本书的内容一般，不推荐！",
    "苹果发布新手机 售价999元",
    "怎么退货？",
    "The room was clean, but breakfast was cold.",
    "I love it",
)


class LargestInputs:
    """A product that remembers the largest value of each of its input channels.

    Parameters
    ----------
    product : callable
        A product with a method `plus`, as the layers of `FusedBert` have them.
    """

    def __init__(self, product: Any):
        self._product = product
        self._largest: torch.Tensor | None = None

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        self._look(x)
        return self._product(x)

    def plus(self, x: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
        """Return the product and `other` added up."""
        self._look(x)
        return self._product.plus(x, other)

    def _look(self, x: torch.Tensor) -> None:
        largest = x.abs().amax(dim=0)
        self._largest = largest if self._largest is None else torch.maximum(self._largest, largest)

    def outstanding(self) -> torch.Tensor | None:
        """Return the channels that exceed the median of all by far, or None where there are none.

        Returns
        -------
        tensor of int64 or None
            At most four, in ascending order.
        """
        assert self._largest is not None
        values, channels = self._largest.topk(min(_MOST, len(self._largest)))
        kept = channels[values > _TIMES * self._largest.median()]
        return kept.sort().values if len(kept) else None


def probe_sequences(tokenizer: Tokenizer) -> list[torch.Tensor]:
    """Return token ids of a few texts, with the special tokens of the checkpoint.

    Parameters
    ----------
    tokenizer : Tokenizer
        That of the checkpoint.

    Returns
    -------
    list of tensor of int64 of shape (1, length)
        One for each text that has tokens.
    """
    encode: Callable[[str], Any] = tokenizer.encode
    return [torch.tensor([ids]) for text in _PROBES if (ids := encode(text).ids)]

"""A forward pass that knows how its values would change if a token were attended to less.

Every token has a presence, whose logarithm is added to the scores of attention: 0 for all tokens, so that the values
are those of the model. The gradient with respect to it says what a token does to the states of the others: less of it
means more of all that is attended to beside it. These gradients add up to zero over the tokens of a sequence, because
attention weights add up to one. They are gates as in Michel et al. 2019 ("Are sixteen heads really better than one?",
arXiv:1905.10650), of tokens instead of heads.

Queries and keys are given, and so is the ratio of an activation's output to its input (the rule of layer-wise relevance
propagation; Bach et al. 2015, "On pixel-wise explanations for non-linear classifier decisions", PLOS ONE 10): the
slope of GELU at one point says little of what happens if its input becomes smaller.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

Rule = Callable[..., Any]

_SMALL = 1e-12  # an input below this contributes nothing


class Rules(TorchFunctionMode):
    """Within this context, some operations of torch are done by rules.

    Parameters
    ----------
    rules : dict of str to callable
        ``rule(operation, *args, **kwargs)`` by the name of the operation. The others are done as usual.
    """

    def __init__(self, rules: dict[str, Rule]):
        super().__init__()
        self.rules = rules

    def __torch_function__(self, func, types, args=(), kwargs=None):
        rule = self.rules.get(getattr(func, "__name__", ""))
        return func(*args, **(kwargs or {})) if rule is None else rule(func, *args, **(kwargs or {}))


def ratio(func, x, *args, **kwargs):
    """Have the secant from zero as the slope of an activation: ``f(x) = f(0) + ((f(x) - f(0)) / x) * x``."""
    given = x.detach()
    y = func(given.clone(), *args, **kwargs)
    at_zero = func(given.new_zeros(1), *args, **kwargs)
    slope = torch.where(given.abs() > _SMALL, (y - at_zero) / given, 0)
    return y + (x - given) * slope


def unit_length(func, x, *args, **kwargs):
    """Divide by the norm that is given."""
    given = x.detach()
    norm = given.norm(dim=kwargs.get("dim", 1), keepdim=True).clamp(min=_SMALL)
    return func(given, *args, **kwargs) + (x - given) / norm


_ACTIVATIONS = ("gelu", "silu", "relu", "leaky_relu", "elu", "mish", "hardswish", "relu6", "softplus", "selu", "celu")

OF_HEAD: dict[str, Rule] = {
    "normalize": unit_length,
    **dict.fromkeys((*_ACTIVATIONS, "tanh", "sigmoid", "hardtanh", "softsign"), ratio),
}
"""Behind the pooling: activations of Dense layers, and scaling to unit length."""


def of_model(presence: torch.Tensor) -> dict[str, Rule]:
    """Return the rules within a model.

    Parameters
    ----------
    presence : tensor of shape (length,)
        Logarithms of the presences, all 0.

    Returns
    -------
    dict of str to callable
        The rules, for attention in one operation and for one that is written out.
    """

    def attention(func, query, key, value, attn_mask=None, dropout_p=0.0, is_causal=False, **kwargs):
        query, key = query.detach(), key.detach()
        attn_mask = None if attn_mask is None else attn_mask.detach()
        # with a mask, the kernel rounds in another way: so the values are those without presences
        found = func(query, key, value.detach(), attn_mask, dropout_p, is_causal, **kwargs)
        scores = presence.to(query.dtype)[None, None, None, :]
        if is_causal:
            seen = torch.ones(query.shape[-2], key.shape[-2], dtype=torch.bool, device=query.device).tril()
            scores = scores.masked_fill(~seen, -torch.inf)
        if attn_mask is not None:
            is_hidden = attn_mask.dtype == torch.bool
            scores = scores.masked_fill(~attn_mask, -torch.inf) if is_hidden else scores + attn_mask
        scores = scores.expand(*query.shape[:-1], -1)
        gated = func(query, key, value, attn_mask=scores, dropout_p=dropout_p, **kwargs)
        return found + (gated - gated.detach())

    def softmax(func, x, *args, **kwargs):
        is_attention = x.ndim == 4 and x.shape[-1] == len(presence)
        return func(x.detach() + presence.to(x.dtype) if is_attention else x, *args, **kwargs)

    return {
        "scaled_dot_product_attention": attention,
        "softmax": softmax,
        **dict.fromkeys(_ACTIVATIONS, ratio),
    }

"""8-bit linear layers against integers in a loop, and what makes a row independent of its batch."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from sklearn_llmtokens import LLMTokenEmbedder
from sklearn_llmtokens.datasets import load_toy_reviews
from sklearn_llmtokens.embedding._torch import _precision
from sklearn_llmtokens.embedding._torch._int8 import Fbgemm, Int8Linear, Int8Product, Vnni, has_exact_vnni
from sklearn_llmtokens.embedding._torch._precision import choose_dtype
from tests.checkpoints import FAMILIES, TEXTS

pytestmark = pytest.mark.skipif(
    "fbgemm" not in torch.backends.quantized.supported_engines, reason="torch has no 8-bit layers for this processor"
)

KERNELS = [
    pytest.param(Fbgemm, 63, id="7 bits"),
    pytest.param(
        Vnni, 127, id="8 bits", marks=pytest.mark.skipif(not has_exact_vnni(), reason="the processor has no VNNI")
    ),
]


def random(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def naive_linear(x, weight, bias, n_steps):
    """Scale by token and by output channel, round to integers, add up the products one by one."""
    out = np.zeros((len(x), len(weight)))
    for i, token in enumerate(x):
        scale = max(abs(value) for value in token) or 1.0
        steps = [round(value / scale * 127) for value in token]
        for j, channel in enumerate(weight):
            step = max(abs(value) for value in channel) / n_steps
            total = sum(a * round(w / step) for a, w in zip(steps, channel, strict=True))
            out[i, j] = total * step * scale / 127 + bias[j]
    return out


@pytest.mark.parametrize(("kernel", "n_steps"), KERNELS)
@pytest.mark.parametrize("shape", [(1, 3, 2), (5, 40, 7), (3, 33, 64)])
def test_a_product_is_one_of_integers(kernel, n_steps, shape):
    n, n_in, n_out = shape
    x, weight, bias = random(n, n_in), random(n_out, n_in, seed=1), random(n_out, seed=2)
    expected = naive_linear(x.double().tolist(), weight.double().tolist(), bias.double().tolist(), n_steps)
    product, before = Int8Product(weight, bias, kernel=kernel), x.clone()
    found = product(x)
    assert found.dtype == torch.float32
    np.testing.assert_allclose(found.numpy(), expected, atol=2e-5)
    np.testing.assert_allclose(Int8Product(weight, None, kernel=kernel)(x), expected - bias.numpy(), atol=2e-5)
    assert torch.equal(x, before)
    other = random(n, n_out, seed=3)
    np.testing.assert_allclose(product.plus(x, other), expected + other.numpy(), atol=2e-5)


@pytest.mark.parametrize(("kernel", "n_steps"), KERNELS)
@given(n=st.one_of(st.integers(1, 40), st.integers(125, 140)), seed=st.integers(0, 1000))
@settings(max_examples=25, deadline=None)
def test_a_token_has_the_same_row_to_the_bit_in_any_batch(kernel, n_steps, n, seed):
    layer = Int8Linear(random(24, 96), random(24))
    layer.product = Int8Product(random(24, 96), random(24), kernel=kernel)
    x = random(n, 96, seed=seed) * torch.logspace(-3, 3, n).unsqueeze(1)
    whole = layer(x)
    for i in {0, n // 2, n - 1}:
        assert torch.equal(layer(x[i : i + 1])[0], whole[i])
    assert torch.equal(layer(x.view(1, n, 96))[0], whole)


@pytest.mark.parametrize(("kernel", "n_steps"), KERNELS)
def test_halves_are_rounded_alike_in_batches_of_any_size(kernel, n_steps):
    """Few tokens and many take different ways to integers."""
    near_halves = torch.arange(-126, 127).repeat(150, 1) + 0.5 + 1e-5 * random(150, 253)
    product = kernel(random(8, 253))
    whole = product(near_halves.clone())
    few = torch.cat([product(part.clone()) for part in near_halves.split(50)])
    assert torch.equal(whole, few)


@pytest.mark.parametrize(("kernel", "n_steps"), KERNELS)
@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_the_largest_products_do_not_overflow(kernel, n_steps, sign):
    """Pairs of products are added in 16 bits on processors without VNNI."""
    x, weight = torch.full((4, 512), 3.0), torch.full((16, 512), sign * 2.0)
    found = Int8Product(weight, None, kernel=kernel)(x)
    np.testing.assert_allclose(found.numpy(), sign * 512 * 6.0, rtol=1e-5)


def test_an_outlier_of_one_token_leaves_the_others_alone():
    x, weight = random(6, 64), random(8, 64, seed=1)
    x[0, 0] = 1e4
    exact = x @ weight.T
    error = (Int8Linear(weight, None)(x) - exact)[1:].abs().max() / exact[1:].abs().max()
    assert error < 0.03


def test_zeros_give_the_bias_and_what_is_not_finite_stays_so():
    layer = Int8Linear(random(8, 16), random(8, seed=1))
    x = random(4, 16)
    x[0], x[1, 3], x[2, 5] = 0, torch.nan, torch.inf
    out = layer(x)
    assert torch.equal(out[0], layer.bias)
    assert not torch.isfinite(out[1:3]).any()
    assert torch.isfinite(out[3]).all()


def test_a_known_lower_bound_changes_no_token_that_exceeds_it():
    product = Int8Product(random(8, 16), None)
    x = torch.nn.functional.gelu(3 * random(5, 16))
    whole = product(x)
    product.lowest = -0.17
    assert torch.equal(product(x), whole)
    small = x / 1000
    assert torch.allclose(product(small), whole / 1000, atol=0.17 * 16 / 127)


def test_the_engine_of_others_is_left_as_it_was():
    before = torch.backends.quantized.engine
    Int8Linear(random(8, 16), None)
    assert torch.backends.quantized.engine == before


@pytest.mark.parametrize("kind", FAMILIES)
def test_a_subset_has_the_same_rows_in_8_bits(checkpoints, kind):
    fitted = LLMTokenEmbedder(checkpoints[kind], dtype="int8", cache=None, normalize=True).fit(TEXTS)
    whole = fitted.transform(TEXTS)
    for rows in ([3], [6, 1, 0], [7, 6, 5, 4]):
        found = fitted.transform([TEXTS[i] for i in rows])
        # Attention is in float32, whose last bits may move an activation to the next of 255 steps.
        assert (found * whole[rows]).sum(axis=1).min() > 1 - 1e-6


def test_channels_that_are_kept_apart_are_multiplied_exactly():
    x, weight, bias = random(6, 64), random(8, 64, seed=1), random(8, seed=2)
    x[:, 3] *= 50
    exact = x @ weight.T + bias
    plain = (Int8Product(weight, bias)(x) - exact).abs().max()
    product = Int8Product(weight, bias, torch.tensor([3]))
    assert (product(x) - exact).abs().max() < plain / 4
    other = random(6, 8, seed=3)
    expected = product(x) + other
    assert torch.allclose(product.plus(x, other), expected, atol=1e-4)


@given(st.integers(1, 40), st.integers(0, 1000))
@settings(max_examples=25, deadline=None)
def test_a_token_has_the_same_row_to_the_bit_with_channels_kept_apart(n, seed):
    product = Int8Product(random(24, 96), None, torch.tensor([7, 50]))
    x = random(n, 96, seed=seed) * torch.logspace(-3, 3, n).unsqueeze(1)
    before, whole = x.clone(), product(x)
    for i in {0, n // 2, n - 1}:
        assert torch.equal(product(x[i : i + 1])[0], whole[i])
    assert torch.equal(x, before)


def test_zh_mini_in_8_bits_is_near_to_itself():
    """Its head takes off the common mean, which magnifies the loss: 0.97 with all products in 8 bits."""
    texts = load_toy_reviews(return_X_y=True)[0][:60]
    rows = [
        LLMTokenEmbedder("zh-mini", dtype=dtype, cache=None, normalize=True).fit_transform(texts)
        for dtype in ("float32", "int8")
    ]
    assert (rows[0] * rows[1]).sum(axis=1).mean() >= 0.995


def test_where_torch_has_no_8_bit_layers_it_says_so(monkeypatch):
    class Backend:
        supported_engines = ("none",)

    monkeypatch.setattr(_precision.torch.backends, "quantized", Backend)
    with pytest.raises(ValueError, match="needs an x86 processor"):
        choose_dtype("int8", "cpu", None)

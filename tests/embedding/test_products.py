"""Products in bfloat16 whose weights are packed, against float32."""

import pytest
import torch

from tests.inside import PackedProduct, PlainProduct, make_product

IS_PACKED = isinstance(make_product(torch.ones(16, 16).bfloat16(), torch.ones(16).bfloat16()), PackedProduct)


def random(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize(
    "kind",
    [
        PlainProduct,
        pytest.param(PackedProduct, marks=pytest.mark.skipif(not IS_PACKED, reason="the processor has no bfloat16")),
    ],
)
@pytest.mark.parametrize(("n", "n_in", "n_out"), [(1, 8, 3), (40, 96, 24)])
def test_a_product_and_a_sum(kind, n, n_in, n_out):
    x, weight, bias = (random(*shape, seed=n).bfloat16() for shape in ((n, n_in), (n_out, n_in), (n_out,)))
    expected = x.double() @ weight.double().T + bias.double()
    product = kind(weight, bias)
    found = product(x)
    assert found.dtype == torch.bfloat16
    largest = float(expected.abs().max())
    torch.testing.assert_close(found.double(), expected, rtol=0, atol=largest / 128)
    other = random(n, n_out, seed=9).bfloat16()
    torch.testing.assert_close(product.plus(x, other).double(), expected + other, rtol=0, atol=largest / 64)


def test_float32_is_multiplied_by_torch():
    product = make_product(random(4, 8), random(4))
    assert type(product) is PlainProduct
    x = random(3, 8, seed=1)
    assert torch.equal(product(x), torch.addmm(product.bias, x, product.weight.T))

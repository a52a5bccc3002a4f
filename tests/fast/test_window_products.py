"""Each product with all windows is torch's convolution, transposed convolution or gradient of the weight.

So are their own gradients, but for the convolution's of a map, whose gradients are the other two.
"""

import pytest
import torch
from torch.nn import grad
from torch.nn.functional import conv2d, conv_transpose2d

from coral_cli.fast.window_products import (
    FEW_PIXELS,
    down_by_product,
    leaves_few,
    pixels_down,
    up_by_product,
    weight_gradient,
)

SHAPES = [(4, 4, 4), (3, 6, 8), (3, 9, 7), (2, 5, 6), (5, 5, 11)]
"""Kernel, height, width; sides that the windows do not use up, and oblong ones."""
COUNT, FINE, COARSE = 3, 2, 5


def tensors(kernel, height, width):
    torch.manual_seed(0)
    fine = torch.randn(COUNT, FINE, height, width, dtype=torch.double)
    weight, bias = torch.randn(COARSE, FINE, kernel, kernel, dtype=torch.double), torch.randn(COARSE).double()
    return fine, weight, bias


@pytest.mark.parametrize("shape", SHAPES)
def test_down_is_a_convolution_of_stride_2(shape):
    fine, weight, bias = tensors(*shape)
    expected = conv2d(fine, weight, bias, stride=2)
    torch.testing.assert_close(down_by_product(fine, weight, bias), expected)
    pixels = pixels_down(fine.permute(0, 2, 3, 1), weight, bias)
    torch.testing.assert_close(pixels.permute(0, 3, 1, 2), expected)


@pytest.mark.parametrize("shape", SHAPES)
def test_up_is_a_transposed_convolution_of_stride_2(shape):
    fine, weight, _ = tensors(*shape)
    coarse = torch.randn_like(conv2d(fine, weight, stride=2))
    rest = [(side - shape[0]) % 2 for side in shape[1:]]  # pixels that no window reaches stay zero
    expected = conv_transpose2d(coarse, weight, stride=2, output_padding=rest)
    torch.testing.assert_close(up_by_product(coarse, weight, fine.shape), expected)


@pytest.mark.parametrize("shape", SHAPES)
def test_the_gradient_of_the_weight_is_torch_s(shape):
    fine, weight, _ = tensors(*shape)
    coarse = torch.randn_like(conv2d(fine, weight, stride=2))
    expected = grad.conv2d_weight(fine, weight.shape, coarse, stride=2)
    torch.testing.assert_close(weight_gradient(coarse, fine, weight), expected)


def both_ways(ours, torchs, *inputs):
    """The values of two functions of ``inputs``, and their gradients in one direction."""
    results = []
    for function in (ours, torchs):
        leaves = [part.clone().requires_grad_() for part in inputs]
        value = function(*leaves)
        direction = torch.randn(value.shape, dtype=value.dtype, generator=torch.Generator().manual_seed(1))
        results.append([value.detach(), *torch.autograd.grad((value * direction).sum(), leaves)])
    return zip(*results, strict=True)


@pytest.mark.parametrize("shape", SHAPES)
def test_the_products_have_the_gradients_of_torch_s(shape):
    fine, weight, bias = tensors(*shape)
    coarse = torch.randn_like(conv2d(fine, weight, stride=2))
    rest = [(side - shape[0]) % 2 for side in shape[1:]]
    pairs = [
        *both_ways(
            lambda fine, *others: pixels_down(fine.permute(0, 2, 3, 1), *others).permute(0, 3, 1, 2),
            lambda *inputs: conv2d(*inputs, stride=2),
            *(fine, weight, bias),
        ),
        *both_ways(
            lambda coarse, weight: up_by_product(coarse, weight, fine.shape),
            lambda coarse, weight: conv_transpose2d(coarse, weight, stride=2, output_padding=rest),
            *(coarse, weight),
        ),
        *both_ways(
            lambda coarse, fine: weight_gradient(coarse, fine, weight),
            lambda coarse, fine: grad.conv2d_weight(fine, weight.shape, coarse, stride=2),
            *(coarse, fine),
        ),
    ]
    assert len(pairs) == 4 + 3 + 3
    for ours, torchs in pairs:
        torch.testing.assert_close(ours, torchs)


@pytest.mark.parametrize("shape", SHAPES)
def test_the_gradients_of_a_map_s_convolution_are_the_other_two(shape):
    inputs = [part.requires_grad_() for part in tensors(*shape)]
    with torch.no_grad():
        value = down_by_product(*inputs)
        coarse = torch.randn_like(value)
        found = up_by_product(coarse, inputs[1], inputs[0].shape), weight_gradient(coarse, *inputs[:2])
    expected = conv2d(*inputs, stride=2)
    torch.testing.assert_close(value, expected.detach())
    for ours, torchs in zip(found, torch.autograd.grad((expected * coarse).sum(), inputs[:2]), strict=True):
        torch.testing.assert_close(ours, torchs)


@pytest.mark.parametrize(("side", "few"), [(4, True), (8, True), (9, True), (10, False)])
def test_few_pixels_are_those_of_three_by_three(side, few):
    """A kernel of 4 leaves (side - 4) // 2 + 1 coarse pixels a side: 1, 3, 3, 4."""
    assert FEW_PIXELS == 9
    assert leaves_few(torch.zeros(1, 1, side, side), torch.zeros(1, 1, 4, 4)) is few

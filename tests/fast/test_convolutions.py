"""The arranged convolutions against torch's own in double precision: values and all gradients."""

import pytest
import torch
from torch import nn
from torch.nn.functional import conv2d, conv_transpose2d

from coral_cli.fast.convolutions import FEW_CHANNELS, MANY_CHANNELS, Downsampling, Upsampling
from coral_cli.fast.rectifier import Rectifier


def values(run, layer, image, direction):
    """What ``run`` makes of the image, and the gradients of image, weight and bias in ``direction``."""
    layer.zero_grad()
    image = image.clone().requires_grad_()
    out = run(image)
    out.backward(direction.to(out.dtype))
    return [out.detach(), image.grad, layer.weight.grad, layer.bias.grad]


def reference(function, layer, image, direction):
    image, weight, bias = (x.detach().double().requires_grad_() for x in (image, layer.weight, layer.bias))
    out = function(image, weight, bias, stride=2)
    return [out.detach(), *torch.autograd.grad(out, (image, weight, bias), direction.double())]


def compared(function, layer, image, autocast=False, run=None):
    torch.manual_seed(1)
    image = image.to(memory_format=torch.channels_last)
    with torch.no_grad():
        direction = torch.randn_like((run or layer)(image))
    with torch.autocast("cpu", torch.bfloat16, enabled=autocast):
        found = values(run or layer, layer, image, direction)
    for ours, theirs in zip(found, reference(function, layer, image, direction), strict=True):
        error = (ours.double() - theirs).norm() / theirs.norm()
        assert error < (1e-2 if autocast else 1e-5), error


@pytest.mark.parametrize("autocast", [False, True])
@pytest.mark.parametrize(("before", "after"), [(3, 4), (8, MANY_CHANNELS)])
@pytest.mark.parametrize("shape", [(5, 4), (7, 9), (11, 14)])
def test_down(before, after, shape, autocast):
    torch.manual_seed(0)
    layer = Downsampling(before, after, 4).to(memory_format=torch.channels_last)
    compared(conv2d, layer, torch.randn(5, before, *shape), autocast)


@pytest.mark.parametrize("autocast", [False, True])
@pytest.mark.parametrize("kernel", [5, 6])
@pytest.mark.parametrize(("before", "after"), [(4, 3), (4, FEW_CHANNELS), (MANY_CHANNELS, 8)])
@pytest.mark.parametrize("shape", [(1, 1), (3, 3), (2, 5)])
def test_up(before, after, shape, kernel, autocast):
    torch.manual_seed(0)
    layer = Upsampling(before, after, kernel).to(memory_format=torch.channels_last)
    compared(conv_transpose2d, layer, torch.randn(5, before, *shape), autocast)


@pytest.mark.parametrize(
    ("kind", "plain", "overwrites"),
    [(Downsampling, conv2d, True), (Downsampling, conv2d, False), (Upsampling, conv_transpose2d, False)],
)
@pytest.mark.parametrize("side", [1, 3, 11])
def test_rectified_layers_are_torch_s_with_a_relu_behind(kind, plain, overwrites, side):
    torch.manual_seed(0)
    layer, rectifier = kind(4, 6, 4).to(memory_format=torch.channels_last), Rectifier(overwrites)
    image = torch.randn(5, 4, *(side + 3 * (kind is Downsampling) for _ in range(2)))
    compared(
        lambda *inputs, stride: plain(*inputs, stride=stride).relu(),
        layer,
        image,
        run=lambda x: layer.rectified(x, rectifier),
    )


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("overwrites", [False, True])
def test_the_rectifier_is_a_relu(overwrites, dtype):
    torch.manual_seed(0)
    image, weights = torch.randn(2, 3, 4, 4, dtype=dtype), torch.randn(2, 3, 4, 4, dtype=dtype)
    image[0, 0, 0] = torch.tensor([0.0, -0.0, torch.inf, -torch.inf])
    ours, theirs = image.clone().requires_grad_(), image.clone().requires_grad_()
    rectified = Rectifier(overwrites)(ours * 1.0)
    (rectified * weights).sum().backward()
    (nn.functional.relu(theirs) * weights).sum().backward()
    assert torch.equal(rectified, image.clamp(min=0)) and torch.equal(ours.grad, theirs.grad)


@pytest.mark.parametrize("sign", [0x0000, 0x8000])
def test_the_rectifier_hides_nothing_that_is_no_number(sign):
    """An invalid operation of the processor gives one with the sign bit set."""
    for bits in (0x7F81, 0x7FC0, 0x7FFF):
        none = torch.tensor([(sign | bits) - (sign << 1)], dtype=torch.int16).view(torch.bfloat16)
        assert none.isnan() and none.signbit() == (sign > 0)
        for image in (none, none.float()):
            assert Rectifier(overwrites=False)(image.expand(1, 1, 2, 3).clone().requires_grad_()).isnan().all()

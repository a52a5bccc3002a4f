"""An image encoder's layers on a GPU against torch's own convolution and ReLU.

Without a GPU, Triton's interpreter runs the kernels.
"""

import pytest
import torch
from torch.nn.functional import conv2d, conv_transpose2d

pytest.importorskip("triton", reason="no Triton")

from coral_cli.fast import image_layers
from coral_cli.representation.encoders.conv import ConvEncoder

DEVICE = "cuda" if torch.cuda.is_available() else "cpu"
gpu_only = pytest.mark.skipif(DEVICE == "cpu", reason="no GPU")


@pytest.fixture(autouse=True, params=[528, 2], ids=["many", "few"])
def programs(request, monkeypatch):
    """That share a gradient: a block each, or one after the other."""
    monkeypatch.setattr(image_layers, "PROGRAMS", request.param)
    monkeypatch.setattr(image_layers, "BACK_VALUES", 64)


def drawn(*shape, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, generator=generator).to(DEVICE)


def case(shape, channels, kernel, transposed):
    """Image, weight and bias, and the gradient that comes back."""
    image = drawn(*shape).contiguous(memory_format=torch.channels_last)
    sizes = (shape[1], channels) if transposed else (channels, shape[1])
    weight = 0.3 * drawn(*sizes, kernel, kernel, seed=1)
    bias = 0.3 * drawn(channels, seed=2)
    convolve = conv_transpose2d if transposed else conv2d
    weight_of_result = drawn(*convolve(image, weight, stride=2).shape, seed=3)
    return (image, weight, bias), weight_of_result, convolve


def gradients(layer, inputs, weight_of_result, wanted):
    """The result, and the gradients at the ``wanted`` inputs."""
    leaves = [part.clone().requires_grad_(place in wanted) for place, part in enumerate(inputs)]
    result = layer(*leaves)
    return [
        result.detach(),
        *torch.autograd.grad((result * weight_of_result).sum(), [leaves[place] for place in wanted]),
    ]


def relu_after(convolve):
    return lambda image, weight, bias: convolve(image, weight, bias, stride=2).relu()


@pytest.mark.parametrize(
    ("shape", "channels", "kernel", "transposed"),
    [
        ((3, 3, 11, 14), 5, 4, False),
        ((2, 16, 9, 9), 33, 4, False),
        ((150, 1, 8, 6), 2, 4, False),
        ((3, 7, 5, 6), 6, 5, True),
    ],
    ids=str,
)
def test_rectified_convolutions_and_their_gradients(shape, channels, kernel, transposed):
    """Channels, pixels and batches of less than a tile, and of more."""
    inputs, weight, convolve = case(shape, channels, kernel, transposed)
    ours = gradients(lambda *parts: image_layers.rectified(*parts, transposed), inputs, weight, (0, 1, 2))
    torchs = gradients(relu_after(convolve), inputs, weight, (0, 1, 2))
    for one, other in zip(ours, torchs, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    ("shape", "channels"), [((3, 3, 12, 15), 5), ((2, 6, 34, 32), 17), ((70, 1, 10, 8), 8)], ids=str
)
def test_the_first_convolution_and_its_gradients(monkeypatch, shape, channels):
    """Windows at every place of images with odd and even sides, whether they fill tiles or not."""
    monkeypatch.setattr(image_layers, "is_first", lambda image, weight: True)
    inputs, weight, convolve = case(shape, channels, 4, transposed=False)
    ours = gradients(image_layers.rectified, inputs, weight, (1, 2))
    torchs = gradients(relu_after(convolve), inputs, weight, (1, 2))
    for one, other in zip(ours, torchs, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-4)


def test_it_is_the_first_where_nothing_learns_from_the_image_s_gradient():
    image, weight = torch.zeros(1, 3, 8, 8, dtype=torch.bfloat16), torch.zeros(4, 3, 4, 4)
    assert image_layers.is_first(image, weight)
    assert not image_layers.is_first(image.float(), weight)
    assert not image_layers.is_first(image.clone().requires_grad_(), weight)
    assert not image_layers.is_first(torch.zeros(1, 32, 8, 8, dtype=torch.bfloat16), torch.zeros(64, 32, 4, 4))


def test_what_is_no_number_stays_visible():
    inputs, _, _ = case((1, 16, 6, 6), 4, 4, transposed=False)
    inputs[0][0, 0, 0, 0] = torch.nan
    assert image_layers.rectified(*inputs)[0, :, 0, 0].isnan().all()


@gpu_only
def test_in_bf16_the_encoder_is_as_near_to_fp32_as_torch_s(monkeypatch):
    torch.manual_seed(0)
    encoder = ConvEncoder((64, 64, 3), 32).to(DEVICE)
    image = (torch.rand(64, 64, 64, 3, device=DEVICE) - 0.5).permute(0, 3, 1, 2)
    weight = drawn(64, encoder.size)

    def found(ours, half):
        monkeypatch.setattr(image_layers, "fits", lambda image: ours)
        with torch.autocast(DEVICE, torch.bfloat16, enabled=half):
            result = encoder(image)
        loss = (result.float() * weight).sum()
        return [result.detach(), *torch.autograd.grad(loss, list(encoder.parameters()))]

    for one, other, true in zip(found(True, True), found(False, True), found(False, False), strict=True):
        assert (one - true).norm() < 1.2 * (other - true).norm() + 1e-6 * true.norm()

"""Sizes of the paper's encoders, other image sizes, and refusals."""

import pytest
import torch
from torch import nn
from torch.nn.functional import conv2d

from coral_cli.registry.errors import UsageError
from coral_cli.representation.encoders.conv import AT_ONCE, ConvEncoder
from coral_cli.representation.encoders.mlp import MlpEncoder


def count(module):
    return sum(p.numel() for p in module.parameters())


def test_conv_is_the_paper_s():
    encoder = ConvEncoder((64, 64, 3), 32)
    channels = [(3, 32), (32, 64), (64, 128), (128, 256)]
    assert count(encoder) == sum(a * b * 16 + b for a, b in channels)
    assert encoder.size == 1024
    assert encoder(torch.zeros(2, 3, 64, 64)).shape == (2, 1024)


def test_mlp_is_the_paper_s():
    encoder = MlpEncoder(12, 300, 3)
    assert count(encoder) == (12 * 300 + 300) + 2 * (300 * 300 + 300)
    assert encoder.size == 300 and encoder(torch.zeros(5, 12)).shape == (5, 300)
    assert encoder(torch.full((1, 12), -100.0)).min() >= -1  # ELU stands behind the last layer too


SHAPES = [(32, 32), (45, 64), (48, 64), (46, 46), (64, 64), (76, 76), (84, 84), (100, 70), (128, 128)]


@pytest.mark.parametrize("size", SHAPES)
def test_conv_announces_its_size_and_every_parameter_learns(size):
    torch.manual_seed(0)
    encoder = ConvEncoder((*size, 3), 2)
    embedding = encoder(torch.rand(2, 3, *size) - 0.5)
    assert embedding.shape == (2, encoder.size)
    embedding.square().sum().backward()
    assert all(p.grad is not None and p.grad.abs().max() > 0 for p in encoder.parameters())


@pytest.mark.parametrize(
    ("size", "layers", "embedding"),
    [
        ((32, 32), 3, 16 * 2 * 2),  # 32, 15, 6, 2
        ((45, 64), 3, 16 * 3 * 6),  # 45, 21, 9, 3 and 64, 31, 14, 6
        ((46, 64), 4, 32 * 1 * 2),  # 46, 22, 10, 4, 1 and 64, 31, 14, 6, 2
        ((512, 32), 3, 16 * 62 * 2),  # 512, 255, 126, 62
        ((128, 128), 4, 32 * 6 * 6),  # 128, 63, 30, 14, 6
    ],
)
def test_conv_has_three_layers_where_four_do_not_fit(size, layers, embedding):
    encoder = ConvEncoder((*size, 3), 4)
    assert [layer.out_channels for layer in encoder.layers if isinstance(layer, nn.Conv2d)] == [4, 8, 16, 32][:layers]
    assert encoder.size == embedding


def test_conv_of_64_pixels_is_four_plain_convolutions_flattened_position_by_position():
    torch.manual_seed(0)
    encoder, image = ConvEncoder((64, 64, 3), 2), torch.rand(2, 3, 64, 64) - 0.5
    names = [f"layers.{layer}.{part}" for layer in (0, 2, 4, 6) for part in ("weight", "bias")]
    weights = dict(encoder.named_parameters())
    assert list(weights) == names
    x = image
    for layer in (0, 2, 4, 6):
        x = conv2d(x, weights[f"layers.{layer}.weight"], weights[f"layers.{layer}.bias"], stride=2).clamp(min=0)
    expected = torch.cat([x[:, :, row, column] for row in (0, 1) for column in (0, 1)], 1)
    torch.testing.assert_close(encoder(image), expected)


@pytest.mark.parametrize("layout", [torch.channels_last, torch.contiguous_format])
@pytest.mark.parametrize("size", [(64, 64), (33, 50), (76, 61)])
def test_conv_of_a_single_image_without_gradients_is_as_among_others(size, layout):
    torch.manual_seed(0)
    encoder, images = ConvEncoder((*size, 3), 4), (torch.rand(3, 3, *size) - 0.5).to(memory_format=layout)
    with torch.no_grad():
        alone = encoder(images[1:2])
    torch.testing.assert_close(alone, encoder(images)[1:2])
    assert alone.std() > 0


def test_conv_keeps_the_size_of_an_image_s_values():
    """Noise in [-0.5, 0.5] has a mean square of 1/12; so has the embedding, over many draws of the weights."""
    torch.manual_seed(0)
    image = torch.rand(8, 3, 64, 64) - 0.5
    squares = [ConvEncoder((64, 64, 3), 8)(image).square().mean().item() for _ in range(40)]
    assert sum(squares) / 40 == pytest.approx(1 / 12, rel=0.25)


@pytest.mark.parametrize("channels", [1, 4])
def test_conv_takes_grey_and_depth_images(channels):
    torch.manual_seed(0)
    encoder, image = ConvEncoder((64, 64, channels), 2), torch.rand(2, channels, 64, 64, requires_grad=True)
    encoder(image).sum().backward()
    assert image.grad.abs().amax((0, 2, 3)).min() > 0  # every channel matters


@pytest.mark.parametrize("size", [(31, 64), (64, 31)])
def test_conv_refuses_small_images(size):
    with pytest.raises(UsageError, match=f"{size[0]}x{size[1]} are too small") as refused:
        ConvEncoder((*size, 3), 4)
    assert "32 pixels" in refused.value.hint


@pytest.mark.parametrize("autocast", [False, True])
def test_conv_of_many_images_is_that_of_each(autocast):
    """They are encoded some at a time: values and gradients are those of fewer images, added up."""
    torch.manual_seed(0)
    encoder, images = ConvEncoder((32, 32, 3), 2), torch.rand(2 * AT_ONCE + 3, 3, 32, 32) - 0.5
    with torch.autocast("cpu", torch.bfloat16, enabled=autocast):
        together = encoder(images)
        some = [encoder(part) for part in images.split(50)]
    torch.testing.assert_close(together, torch.cat(some))
    found = torch.autograd.grad(together.float().square().sum(), list(encoder.parameters()))
    parts = [torch.autograd.grad(part.float().square().sum(), list(encoder.parameters())) for part in some]
    for gradient, shares in zip(found, zip(*parts, strict=True), strict=True):
        error = (gradient - sum(shares)).norm() / gradient.norm()
        assert error < (2e-2 if autocast else 1e-5)

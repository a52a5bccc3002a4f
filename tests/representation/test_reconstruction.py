"""The reconstruction likelihood against torch.distributions, and the paper's decoder."""

import math

import pytest
import torch
from torch import nn
from torch.distributions import Normal
from torch.nn.functional import conv_transpose2d

from coral_cli.registry.contracts import LossBatch
from coral_cli.registry.errors import UsageError
from coral_cli.representation.losses.reconstruction import ImageDecoder, Reconstruction, VectorDecoder


def batch(features, target, mask=None):
    return LossBatch(target=target, embedding=torch.zeros(*features.shape[:2], 1), features=features, mask=mask)


@pytest.mark.parametrize("variance", [1.0, 0.04])
def test_it_is_the_negative_log_likelihood(variance):
    torch.manual_seed(0)
    features, target = torch.randn(2, 3, 4), torch.randn(2, 3, 4)
    loss, metrics = Reconstruction(nn.Identity(), variance)(batch(features, target))
    expected = -Normal(features, math.sqrt(variance)).log_prob(target).sum(-1).mean()
    torch.testing.assert_close(loss, expected)
    torch.testing.assert_close(metrics["mse"], (features - target).square().mean())


def test_one_value_by_hand():
    # -log N(3; 1, 4) = (3 - 1)^2 / 8 + log(2 pi 4) / 2
    loss, _ = Reconstruction(nn.Identity(), 4.0)(batch(torch.full((1, 1, 1), 1.0), torch.full((1, 1, 1), 3.0)))
    assert loss.item() == pytest.approx(0.5 + 0.5 * math.log(8 * math.pi))


def test_masked_steps_do_not_count():
    features, target = torch.zeros(1, 3, 2), torch.zeros(1, 3, 2)
    target[0] = torch.tensor([[1.0], [2.0], [100.0]])
    mask = torch.tensor([[True, True, False]])
    loss, metrics = Reconstruction(nn.Identity(), 1.0)(batch(features, target, mask))
    assert loss.item() == pytest.approx((1 + 4) / 2 + math.log(2 * math.pi))
    assert metrics["mse"].item() == pytest.approx((1 + 4) / 2)


def test_image_decoder_is_the_paper_s():
    decoder = ImageDecoder(264, (64, 64, 3), 32)
    layers = [(1024, 128, 5), (128, 64, 5), (64, 32, 6), (32, 3, 6)]
    assert sum(p.numel() for p in decoder.parameters()) == 264 * 1024 + 1024 + sum(
        a * b * k * k + b for a, b, k in layers
    )
    assert decoder(torch.zeros(2, 264)).shape == (2, 3, 64, 64)


def plain_stack(decoder, features, start):
    """The drawing before it is cropped, with transposed convolutions only: (N, C, h, w)."""
    weights = dict(decoder.named_parameters())
    x = (features @ weights["linear.weight"].T + weights["linear.bias"]).reshape(len(features), *start, -1)
    x = x.permute(0, 3, 1, 2).contiguous()
    for layer in range(len(decoder.layers)):
        x = torch.relu(x) if layer else x
        x = conv_transpose2d(x, weights[f"layers.{layer}.weight"], weights[f"layers.{layer}.bias"], stride=2)
    return x


def test_image_decoder_equals_plain_transposed_convolutions():
    torch.manual_seed(0)
    decoder, features = ImageDecoder(7, (64, 64, 3), 2), torch.randn(2, 7)
    torch.testing.assert_close(decoder(features), plain_stack(decoder, features, (1, 1)))


@pytest.mark.parametrize(
    ("size", "start", "drawn"),
    [
        ((32, 32), (1, 1), (32, 32)),  # 8 s + 24
        ((48, 64), (3, 5), (48, 64)),
        ((63, 41), (5, 3), (64, 48)),
        ((63, 63), (5, 5), (64, 64)),
        ((65, 64), (2, 1), (80, 64)),  # 16 s + 48
        ((84, 84), (3, 3), (96, 96)),
        ((100, 70), (4, 2), (112, 80)),
        ((128, 128), (5, 5), (128, 128)),
    ],
)
def test_other_sizes_are_the_middle_of_a_larger_drawing(size, start, drawn):
    torch.manual_seed(0)
    decoder, features = ImageDecoder(7, (*size, 3), 2), torch.randn(2, 7)
    full = plain_stack(decoder, features, start)
    assert full.shape == (2, 3, *drawn)
    rows, columns = ((whole - part) // 2 for whole, part in zip(drawn, size, strict=True))
    middle = full[:, :, rows : rows + size[0], columns : columns + size[1]]
    image = decoder(features)
    assert image.shape == (2, 3, *size)
    torch.testing.assert_close(image, middle)


def test_the_start_is_the_smallest_that_reaches_the_size():
    for side in range(64, 513):
        positions = ImageDecoder(1, (side, 64, 1), 1).linear.out_features // 32
        assert positions == max(math.ceil((side - 48) / 16), 1)
    for side in range(32, 64):
        positions = ImageDecoder(1, (side, 32, 1), 1).linear.out_features // 16
        assert positions == math.ceil((side - 24) / 8)


@pytest.mark.parametrize("size", [(32, 32), (48, 64), (64, 64), (84, 84), (100, 70), (128, 128)])
def test_every_parameter_of_the_image_decoder_learns(size):
    torch.manual_seed(0)
    decoder = ImageDecoder(7, (*size, 3), 2)
    decoder(torch.randn(2, 7)).square().sum().backward()
    assert all(p.grad is not None and p.grad.abs().max() > 0 for p in decoder.parameters())


@pytest.mark.parametrize("channels", [1, 4])
def test_grey_and_depth_images_are_drawn_and_compared(channels):
    torch.manual_seed(0)
    loss = Reconstruction(ImageDecoder(7, (64, 64, channels), 2), 1.0)
    features, target = torch.randn(2, 3, 7), torch.rand(2, 3, channels, 64, 64) - 0.5
    drawn = loss.decoder(features.flatten(0, 1)).unflatten(0, (2, 3))
    expected = -Normal(drawn, 1.0).log_prob(target).sum((2, 3, 4)).mean()
    torch.testing.assert_close(loss(batch(features, target))[0], expected)


@pytest.mark.parametrize("size", [(31, 64), (64, 31)])
def test_image_decoder_refuses_small_images(size):
    with pytest.raises(UsageError, match=f"{size[0]}x{size[1]} are too small") as refused:
        ImageDecoder(7, (*size, 3), 2)
    assert "32 pixels" in refused.value.hint


def test_vector_decoder_is_the_paper_s():
    decoder = VectorDecoder(264, 12, 300, 3)
    assert sum(p.numel() for p in decoder.parameters()) == 264 * 300 + 300 + 2 * (300 * 300 + 300) + 300 * 12 + 12

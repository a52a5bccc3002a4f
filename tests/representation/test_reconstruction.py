"""The reconstruction likelihood against torch.distributions, and the paper's decoder."""

import math

import pytest
import torch
from torch import nn
from torch.distributions import Normal

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
    target[0, 2] = 100.0
    mask = torch.tensor([[True, True, False]])
    loss, _ = Reconstruction(nn.Identity(), 1.0)(batch(features, target, mask))
    assert loss.item() == pytest.approx(math.log(2 * math.pi))


def test_image_decoder_is_the_paper_s():
    decoder = ImageDecoder(264, (64, 64, 3), 32)
    layers = [(1024, 128, 5), (128, 64, 5), (64, 32, 6), (32, 3, 6)]
    assert sum(p.numel() for p in decoder.parameters()) == 264 * 1024 + 1024 + sum(
        a * b * k * k + b for a, b, k in layers
    )
    assert decoder(torch.zeros(2, 264)).shape == (2, 3, 64, 64)


def test_image_decoder_equals_plain_transposed_convolutions():
    torch.manual_seed(0)
    decoder, features = ImageDecoder(7, (64, 64, 3), 2), torch.randn(2, 7)
    x = decoder.linear(features)[:, :, None, None]
    for layer in decoder.layers[:-1]:
        x = torch.relu(layer(x))
    torch.testing.assert_close(decoder(features), decoder.layers[-1](x))


def test_image_decoder_refuses_other_sizes():
    with pytest.raises(UsageError, match="64x64, not 80x64"):
        ImageDecoder(7, (80, 64, 3), 2)


def test_vector_decoder_is_the_paper_s():
    decoder = VectorDecoder(264, 12, 300, 3)
    assert sum(p.numel() for p in decoder.parameters()) == 264 * 300 + 300 + 2 * (300 * 300 + 300) + 300 * 12 + 12

"""Sizes of the paper's encoders, and refusals."""

import pytest
import torch

from coral_cli.registry.errors import UsageError
from coral_cli.representation.encoders.conv import ConvEncoder
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


@pytest.mark.parametrize("shape", [(76, 76, 3), (128, 128, 3), (48, 96, 1), (46, 46, 3)])
def test_conv_announces_its_size(shape):
    encoder = ConvEncoder(shape, 4)
    assert encoder(torch.zeros(1, shape[2], *shape[:2])).shape == (1, encoder.size)


def test_conv_refuses_small_images():
    with pytest.raises(UsageError, match="45x64 are too small"):
        ConvEncoder((45, 64, 3), 4)

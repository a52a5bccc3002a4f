"""Frozen layers are what they were, for one row and for any other input."""

import copy

import pytest
import torch
from torch import nn

from coral_cli.fast.single_rows import RowGru, RowLinear, SingleImage, freeze_layers
from coral_cli.representation.encoders.conv import ConvEncoder
from coral_cli.representation.frozen import freeze
from coral_cli.representation.networks import mlp


@pytest.mark.parametrize("shape", [(5,), (1, 5), (1, 1, 5), (3, 5), (2, 3, 5), (0, 5)])
@pytest.mark.parametrize("bias", [True, False])
def test_a_linear_layer(shape, bias):
    plain = nn.Sequential(nn.Linear(5, 4, bias))
    frozen = copy.deepcopy(plain)
    freeze_layers(frozen)
    assert type(frozen[0]) is RowLinear and frozen.state_dict().keys() == plain.state_dict().keys()
    x = torch.randn(shape)
    with torch.no_grad():
        torch.testing.assert_close(frozen(x), plain(x))
    assert frozen(x).requires_grad  # gradients are torch's own


@pytest.mark.parametrize("count", [1, 3])
def test_a_gru(count):
    plain = nn.ModuleDict({"gru": nn.GRUCell(5, 4)})
    frozen = copy.deepcopy(plain)
    freeze_layers(frozen)
    assert type(frozen["gru"]) is RowGru
    x, h = torch.randn(count, 5), torch.randn(count, 4)
    with torch.no_grad():
        torch.testing.assert_close(frozen["gru"](x, h), plain["gru"](x, h))
        torch.testing.assert_close(frozen["gru"](x), plain["gru"](x))


@pytest.mark.parametrize("shape", [(6,), (1, 6), (1, 1, 6), (3, 6)])
def test_a_dense_network(shape):
    plain = mlp([6, 8, 8], 3)
    frozen = copy.deepcopy(plain)
    freeze(frozen)
    assert frozen.frozen and not plain.frozen
    x = torch.randn(shape)
    before = x.clone()
    with torch.no_grad():
        torch.testing.assert_close(frozen(x), plain(x))
    assert torch.equal(x, before)


def test_a_network_with_other_layers_goes_its_own_way():
    frozen = mlp([6, 8], 3)
    frozen.append(nn.Tanh())
    plain = copy.deepcopy(frozen)
    freeze(frozen)
    assert not frozen.frozen
    with torch.no_grad():
        torch.testing.assert_close(frozen(torch.ones(1, 6)), plain(torch.ones(1, 6)))


@pytest.mark.parametrize("shape", [(64, 64, 3), (40, 52, 1)])
def test_an_image_encoder(shape):
    plain = ConvEncoder(shape, 4)
    frozen = copy.deepcopy(plain)
    freeze(frozen)
    image = torch.rand(3, *shape).permute(0, 3, 1, 2) - 0.5
    with torch.no_grad():
        for count in (1, 3):
            torch.testing.assert_close(frozen(image[:count]), plain(image[:count]))


def test_convolutions_by_torch_s_own():
    layers = [nn.Conv2d(3, 4, 4, 2), nn.Conv2d(4, 6, 4, 2)]
    image = torch.rand(1, 3, 20, 22)
    with torch.no_grad():
        expected = image
        for layer in layers:
            expected = layer(expected).relu()
        found = SingleImage([(layer.weight, layer.bias) for layer in layers])(image.permute(0, 2, 3, 1))
    torch.testing.assert_close(found, expected.permute(0, 2, 3, 1).flatten(1))

"""What computes one row at a time gives what torch's layers give, follows their weights, and leaves others alone."""

import numpy as np
import pytest
import torch
from torch import nn

from coral_cli.fast.single_rows import convolutions, dense, gaussian, gru, is_own
from coral_cli.representation.rssm.gaussian import Gaussians


def same(found, expected):
    torch.testing.assert_close(torch.from_numpy(found), expected.detach())


@pytest.mark.parametrize("bias", [True, False])
def test_dense_layers_follow_their_weights(bias):
    layers = nn.Sequential(nn.Linear(6, 8, bias), nn.ELU(), nn.Linear(8, 40, bias), nn.Linear(40, 3))
    row, x = dense(layers), torch.randn(6)
    before = x.clone()
    same(row(x.numpy()), layers(x))
    for change in (lambda p: p.mul_(2), lambda p: p.data.add_(1)):
        with torch.no_grad():
            for parameter in layers.parameters():
                change(parameter)
        same(row(x.numpy()), layers(x))
    layers.load_state_dict({name: -value for name, value in layers.state_dict().items()})
    same(row(x.numpy()), layers(x))
    assert torch.equal(x, before)


class Twice(nn.Linear):
    def forward(self, x):
        return 2 * super().forward(x)


def hooked():
    layer = nn.Linear(6, 8)
    layer.register_forward_hook(lambda module, given, output: 2 * output)
    return layer


def patched():
    layer = nn.Linear(6, 8)
    layer.forward = torch.sin
    return layer


@pytest.mark.parametrize(
    "layers",
    [
        [nn.ELU()],
        [nn.Linear(6, 8), nn.Tanh()],
        [nn.Linear(6, 8), nn.ELU(alpha=2.0)],
        [nn.Linear(6, 8), nn.ELU(), nn.ELU()],
        [Twice(6, 8)],
        [hooked()],
        [patched()],
        [nn.Linear(6, 8).double()],
        [nn.utils.parametrizations.weight_norm(nn.Linear(6, 8))],
    ],
)
def test_other_layers_are_left_alone(layers):
    assert dense(layers) is None


def test_a_gru_follows_its_weights():
    cell = nn.GRUCell(5, 4)
    step, x, h = gru(cell), torch.randn(5), torch.randn(4)
    kept = h.clone()
    same(step(x.numpy(), h.numpy()), cell(x, h))
    with torch.no_grad():
        for parameter in cell.parameters():
            parameter.mul_(-2)
    same(step(x.numpy(), h.numpy()), cell(x, h))
    assert torch.equal(h, kept)


@pytest.mark.parametrize("cell", [nn.GRUCell(5, 4, bias=False), nn.GRUCell(5, 4).double(), nn.RNNCell(5, 4)])
def test_other_cells_are_left_alone(cell):
    assert gru(cell) is None


def lying():
    layers = [nn.Conv2d(3, 4, 4, 2), nn.Conv2d(4, 6, 4, 2)]
    return [layer.to(memory_format=torch.channels_last) for layer in layers]


def test_a_gaussian_is_drawn_as_the_latent_draws_it():
    parameters = torch.randn(1, 80)
    torch.manual_seed(0)
    expected = Gaussians(0.1)(parameters)
    drawn = expected.sample()
    torch.manual_seed(0)
    sample, mean = gaussian(0.1)(parameters[0].numpy())
    torch.testing.assert_close(sample, drawn)
    same(mean, expected.mean[0])


def read(image, into):
    into[...] = image


@pytest.mark.parametrize("side", [(20, 22), (10, 10), (12, 10)])  # the last map has 12, 1 and 1 pixels
def test_convolutions_follow_their_weights(side):
    layers, image = lying(), torch.rand(1, 3, *side)
    encoded = convolutions(layers, read)
    pixels = image[0].permute(1, 2, 0).numpy()
    for _ in range(2):
        with torch.no_grad():
            expected = image
            for layer in layers:
                expected = layer(expected).relu()
            same(encoded(pixels), expected.permute(0, 2, 3, 1).flatten())
            layers[0].weight.neg_()
            layers[1].bias.add_(1)


def test_convolutions_that_lie_otherwise_are_left_alone():
    first, second = lying()
    assert convolutions([first, nn.Conv2d(4, 6, 4, 2)], read) is None
    assert convolutions([first, second.double()], read) is None
    assert convolutions([nn.Conv2d(3, 4, 4, 2, bias=False).to(memory_format=torch.channels_last)], read) is None


def test_convolutions_take_images_of_another_size_in_between():
    layers = lying()
    encoded = convolutions(layers, read)
    for side in (20, 14, 20):
        image = torch.rand(1, 3, side, side)
        expected = nn.Sequential(layers[0], nn.ReLU(), layers[1], nn.ReLU())(image)
        same(encoded(image[0].permute(1, 2, 0).numpy()), expected.permute(0, 2, 3, 1).flatten())


def test_what_was_returned_stays_as_it_was():
    layers, cell = nn.Sequential(nn.Linear(6, 8), nn.ELU(), nn.Linear(8, 6)), nn.GRUCell(6, 6)
    encoded = convolutions(lying(), read)
    through, following = dense(layers), gru(cell)
    steps = through, lambda row: following(row, row), lambda row: encoded(np.full((20, 20, 3), row[0]))
    for compute in steps:
        first = compute(torch.rand(6).numpy())
        kept = first.copy()
        compute(torch.rand(6).numpy())
        assert np.array_equal(first, kept)


def test_what_begins_in_inference_mode_goes_on_outside_it():
    layers, cell, convolved = nn.Sequential(nn.Linear(6, 6), nn.ELU(), nn.Linear(6, 6)), nn.GRUCell(6, 6), lying()
    row, image = torch.rand(6).numpy(), torch.rand(20, 20, 3).numpy()
    with torch.inference_mode():
        through, following, encoded = dense(layers), gru(cell), convolutions(convolved, read)
        found = through(row), following(row, row), encoded(image)
    with torch.no_grad():
        again = through(row), following(row, row), encoded(image)
    assert all(map(np.array_equal, found, again))


def test_a_subclass_is_not_the_kind_itself():
    assert is_own(nn.Linear(2, 2), nn.Linear) and not is_own(Twice(2, 2), nn.Linear)
    assert not is_own(hooked(), nn.Linear)

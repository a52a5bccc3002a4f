"""Dense layers of even widths: values and gradients are the network's own, and nothing that would differ takes part."""

import pytest
import torch
from torch import nn
from torch.nn.utils import parametrize

from coral_cli.fast import even_widths
from coral_cli.representation.networks import Precise, mlp

ROWS = even_widths.LEAST_ROWS
KINDS = (nn.Linear, Precise)


def network(sizes, output=None):
    torch.manual_seed(0)
    return mlp(sizes, output).double()


@pytest.mark.parametrize(
    ("sizes", "output"), [([5, 9, 16, 11], 3), ([5, 9, 11], None), ([8, 12], 1), ([7, 8, 30, 8, 2], 9)]
)
def test_values_and_gradients_are_those_of_the_layers(sizes, output):
    """So is the gradient's own gradient; the layers one by one are called on their own, as torch has them."""
    net = network(sizes, output)
    x = torch.randn(ROWS, sizes[0], dtype=torch.float64, requires_grad=True)
    assert even_widths.pays(net, x, KINDS)
    results = []
    for run in (lambda x: even_widths.through(net, x), lambda x: nn.Sequential.forward(net, x)):
        y = run(x)
        first = torch.autograd.grad(y.square().sum(), [x, *net.parameters()], create_graph=True)
        results.append([y, *first, *torch.autograd.grad(first[0].square().sum(), [x, *net.parameters()][:-1])])
    for ours, torchs in zip(*results, strict=True):
        torch.testing.assert_close(ours, torchs, rtol=1e-10, atol=1e-10)


def test_products_of_hidden_layers_are_a_multiple_of_eight_wide(monkeypatch):
    widths, linear = [], even_widths.linear
    monkeypatch.setattr(even_widths, "linear", lambda *given: widths.append(tuple(given[1].shape)) or linear(*given))
    y = network([5, 9, 16, 11], 3)(torch.randn(2, ROWS, 5, dtype=torch.float64))
    assert y.shape == (2, ROWS, 3)
    assert widths == [(16, 5), (16, 16), (16, 16), (3, 16)]


def test_a_value_ends_precisely():
    net = mlp([5, 9]).append(Precise(9, 1))
    x = torch.randn(ROWS, 5)
    assert even_widths.pays(net, x, KINDS) and not even_widths.pays(net, x, (nn.Linear,))
    torch.testing.assert_close(net(x), nn.Sequential.forward(net, x))


class Doubled(nn.Linear):
    """A stranger's layer."""

    def forward(self, x):
        return 2 * super().forward(x)


def hooked(net):
    net[1].register_forward_hook(lambda module, given, result: 0.5 * result)


def strange(net):
    net[2] = Doubled(9, 9).double()


def without_bias(net):
    net[2] = nn.Linear(9, 9, bias=False).double()


def parametrised(net):
    parametrize.register_parametrization(net[2], "weight", nn.Tanh())


def another_activation(net):
    net[1] = nn.Sigmoid()  # not 0 at 0


@pytest.mark.parametrize("change", [hooked, strange, without_bias, parametrised, another_activation])
def test_layers_that_compute_something_else_are_left_alone(change):
    net, x = network([5, 9, 9], 3), torch.randn(ROWS, 5, dtype=torch.float64)
    assert even_widths.pays(net, x, KINDS)
    change(net)
    assert not even_widths.pays(net, x, KINDS)
    assert torch.equal(net(x), nn.Sequential.forward(net, x))


def test_few_rows_even_widths_and_half_precision_are_left_alone():
    net, x = mlp([5, 9], 3), torch.randn(ROWS, 5)
    assert not even_widths.pays(net, x[1:], KINDS)
    assert not even_widths.pays(mlp([5, 8, 16], 3), x, KINDS)
    with torch.autocast("cpu", torch.bfloat16):
        assert not even_widths.pays(net, x, KINDS)

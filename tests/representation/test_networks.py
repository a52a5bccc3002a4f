"""Dense networks, by their layers one after the other."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from coral_cli.representation.networks import mlp


@pytest.mark.parametrize("leading", [(), (5,), (2, 3), (0, 3)])
def test_layers_follow_each_other_on_the_last_axis(leading: tuple[int, ...]) -> None:
    network = mlp([4, 6, 6], 2)
    x = torch.randn(*leading, 4)
    expected = x
    for number in (0, 2, 4):
        expected = expected @ network[number].weight.T + network[number].bias
        if number < 4:
            expected = torch.where(expected > 0, expected, expected.exp() - 1)
    torch.testing.assert_close(network(x), expected)
    assert network(x).shape == (*leading, 2)


def test_gradients_are_not_copied_layer_by_layer() -> None:
    states = torch.randn(2, 3, 4, requires_grad=True)
    assert not [name for name in _operations(mlp([4, 6, 6], 2)(states)) if "CopySlices" in name]


def _operations(result: Tensor) -> set[str]:
    """The names of all operations whose gradient ``result`` needs."""
    found, waiting = set(), [result.grad_fn]
    while waiting:
        operation = waiting.pop()
        if operation is not None and operation not in found:
            found.add(operation)
            waiting += [before for before, _ in operation.next_functions]
    return {operation.name() for operation in found}

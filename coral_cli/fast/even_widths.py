"""Dense layers on the CPU, as wide as its matrix products are fast.

Where the result of a product is not a multiple of 8 columns wide, MKL may take longer for it than for a wider one
(2024.2 on an AMD EPYC: 7.6 ms for 300 columns, 5.8 for 320). So hidden layers get more units, whose weights and biases
are 0: they are 0 after ELU, too, and add nothing to the next layer. Gradients are torch's own.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import linear, pad

MULTIPLE = 8
LEAST_ROWS = 512
"""With much fewer rows, copies of the weights cost more than the products save."""


def pays(network: nn.Sequential, x: Tensor, linear_kinds: tuple[type[nn.Linear], ...]) -> bool:
    """Return whether ``through`` gives what ``network`` gives for x (N, F), and sooner.

    For that there are many rows, on the CPU and in the weights' own precision, and a hidden layer of uneven width. All
    layers are ELUs and linear ones, of one of the kinds given, with biases; none has hooks.
    A program that is written down must hold for any number of rows, so it gets the network itself.
    """
    if torch.compiler.is_compiling() or x.device.type != "cpu" or len(x) < LEAST_ROWS:
        return False
    if torch.is_autocast_enabled("cpu"):
        return False
    linears = [layer for layer in network if isinstance(layer, nn.Linear)]
    uneven = any(layer.out_features % MULTIPLE for layer in linears[:-1])
    return uneven and all(_plain(layer, linear_kinds) for layer in network)


def through(network: nn.Sequential, x: Tensor) -> Tensor:
    """Return the outputs (N, O) of linear layers and ELUs for x (N, F).

    A network that ends in an ELU keeps the width of its last linear layer.
    """
    linears = [layer for layer in network if isinstance(layer, nn.Linear)]
    for layer in network:
        if not isinstance(layer, nn.Linear):
            x = layer(x)
            continue
        weight: Tensor = layer.weight
        bias: Tensor = layer.bias
        entered = x.shape[1] - layer.in_features
        more = 0 if layer is linears[-1] else -layer.out_features % MULTIPLE
        if more or entered:
            weight, bias = pad(weight, (0, entered, 0, more)), pad(bias, (0, more))
        x = linear(x, weight, bias)
    return x


def _plain(layer: nn.Module, linear_kinds: tuple[type[nn.Linear], ...]) -> bool:
    """Return whether a layer computes what its type says and nothing else."""
    hooks = layer._forward_hooks, layer._forward_pre_hooks, layer._backward_hooks, layer._backward_pre_hooks
    known = type(layer) is nn.ELU or (type(layer) in linear_kinds and layer.bias is not None)
    return known and not any(hooks)

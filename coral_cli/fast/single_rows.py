"""Layers whose weights stay as they are, for one row at a time on the CPU: what an agent that only acts computes with.

A product with one row reads each weight once, so memory limits it. Weights are copied to be read as they lie, and
everything around the products is as few calls as can be. Whatever else comes, such as a batch or a tensor that
asks for a gradient, goes through the layers' own forward pass. Weights that change later are not heard of.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import elu_

from coral_cli.fast.window_products import as_matrix, window_rows


def is_single(x: Tensor, size: int) -> bool:
    """Return whether ``x`` is one row of ``size`` numbers on the CPU, nothing learns and no program is made."""
    return (
        x.numel() == size
        and x.device.type == "cpu"
        and x.dtype == torch.float32
        and not torch.is_grad_enabled()
        and not torch.compiler.is_exporting()
    )


class RowLinear(nn.Linear):
    """A linear layer that has become one for single rows."""

    _across: Tensor

    def forward(self, x: Tensor) -> Tensor:
        """Return the outputs (..., outputs) of inputs (..., inputs)."""
        if not is_single(x, self.in_features):
            return super().forward(x)
        return _product(self.bias, self._across, x.reshape(-1)).view(*x.shape[:-1], -1)


class RowGru(nn.GRUCell):
    """A GRU that has become one for single rows."""

    _across: tuple[Tensor, Tensor]

    def forward(self, x: Tensor, h: Tensor | None = None) -> Tensor:
        """Return the next h (B, H) from inputs (B, I) and h (B, H)."""
        if h is None or not is_single(x, self.input_size) or not is_single(h, self.hidden_size):
            return super().forward(x, h)
        size, last = self.hidden_size, h.reshape(-1)
        of_input = _product(self.bias_ih, self._across[0], x.reshape(-1))
        of_state = _product(self.bias_hh, self._across[1], last)
        gates = (of_input[: 2 * size] + of_state[: 2 * size]).sigmoid_()
        new = torch.addcmul(of_input[2 * size :], gates[:size], of_state[2 * size :]).tanh_()
        return torch.lerp(new, last, gates[size:]).view_as(h)


def freeze_layers(module: nn.Module) -> None:
    """Let the linear layers and GRUs inside ``module`` be those for single rows; subclasses of theirs stay."""
    for part in module.modules():
        if type(part) is nn.Linear and part.weight.dtype == torch.float32:
            part.__class__ = RowLinear
            part._across = _lying_across(part.weight)
        elif type(part) is nn.GRUCell and part.bias and part.weight_ih.dtype == torch.float32:
            part.__class__ = RowGru
            part._across = _lying_across(part.weight_ih), _lying_across(part.weight_hh)  # type: ignore[assignment]


def row_through(layers: nn.Sequential, x: Tensor) -> Tensor:
    """Return what linear layers and ELUs make of one row (F), in fewer calls than theirs."""
    for layer in layers:
        if isinstance(layer, RowLinear):
            x = _product(layer.bias, layer._across, x)
        else:
            elu_(x)
    return x


def goes_through(layers: nn.Sequential) -> bool:
    """Return whether ``row_through`` knows all of the layers: linear ones for single rows, and ELUs in between."""
    first, *rest = layers
    return type(first) is RowLinear and all(
        type(layer) is RowLinear or (isinstance(layer, nn.ELU) and layer.alpha == 1.0) for layer in rest
    )


class SingleImage:
    """Convolutions of stride 2 with ReLUs for one image, by weights (C, F, kernel, kernel) and biases as they are."""

    def __init__(self, layers: list[tuple[Tensor, Tensor]]) -> None:
        self._layers = [(as_matrix(weight).T.contiguous(), bias.detach(), weight.shape[2]) for weight, bias in layers]

    def __call__(self, pixels: Tensor) -> Tensor:
        """Return the values (1, h w C) of an image (1, H, W, F)."""
        for across, bias, kernel in self._layers:
            rows, height, width = window_rows(pixels, kernel)
            pixels = torch.addmm(bias, rows, across).relu_().view(1, height, width, -1)
        return pixels.view(1, -1)


def _product(bias: Tensor | None, across: Tensor, row: Tensor) -> Tensor:
    return torch.mv(across.T, row) if bias is None else torch.addmv(bias, across.T, row)


def _lying_across(weight: Tensor) -> Tensor:
    """Return a weight (outputs, inputs) as (inputs, outputs), in memory too."""
    return weight.detach().T.contiguous()

"""Dense layers, GRUs and convolutions for one row or image at a time on the CPU: what an agent that acts computes with.

A product with one row reads each weight once, so memory limits it, and all weights of an agent push the program's own
code out of the caches: what is done between products has to be little. NumPy's ``vecdot`` goes through weights as they
lie in half the time of torch's product with a vector, on one thread. What is returned here sees weights through views:
it follows their values, but does not notice when other tensors take their place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import TypeGuard, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import elu_

from coral_cli.fast.window_products import as_matrix, window_rows

M = TypeVar("M", bound=nn.Module)
Row = NDArray[np.float32]
_dots: Callable[..., Row] = getattr(np, "vecdot", partial(np.einsum, "...i,...i->..."))  # NumPy 1 has no vecdot
FEW_PIXELS = 4
"""Up to so many rows are multiplied one by one."""


def is_own(module: object, kind: type[M]) -> TypeGuard[M]:
    """Return whether a module is of this kind and no subclass, without hooks, its own weights fp32 on the CPU.

    One that was given another method, such as ``module.forward = ...``, is not.
    """
    if type(module) is not kind or any(callable(getattr(kind, name, None)) for name in vars(module)):
        return False
    hooks = module._forward_hooks or module._forward_pre_hooks
    weights = [weight for weight in module._parameters.values() if weight is not None]
    single = all(weight.dtype == torch.float32 and weight.device.type == "cpu" for weight in weights)
    return not hooks and single


def dense(layers: Iterable[nn.Module]) -> Callable[[Row], Row] | None:
    """Return what linear layers and ELUs compute of a row (F); None where there are others, or the first is an ELU."""
    found: list[tuple[Row, Tensor | None, bool]] = []
    for layer in layers:
        if is_own(layer, nn.Linear):
            found.append((_view(layer.weight), None if layer.bias is None else layer.bias.detach(), False))
        elif found and not found[-1][2] and is_own(layer, nn.ELU) and layer.alpha == 1.0:
            found[-1] = (*found[-1][:2], True)
        else:
            return None
    return lambda row: _through(found, row)


def _through(layers: list[tuple[Row, Tensor | None, bool]], row: Row) -> Row:
    for weight, bias, curved in layers:
        row = _dots(weight, row)
        values = torch.from_numpy(row)
        if bias is not None:
            values.add_(bias)
        if curved:
            elu_(values)
    return row


def gru(cell: nn.Module) -> Callable[[Row, Row], Row] | None:
    """Return what a GRU makes of an input (I) and h (H), the next h; None where it is not torch's, with biases."""
    if not (is_own(cell, nn.GRUCell) and cell.bias):
        return None
    of_x, of_h = _view(cell.weight_ih), _view(cell.weight_hh)
    bias_x, bias_h, size = cell.bias_ih.detach(), cell.bias_hh.detach(), int(cell.hidden_size)

    def following(x: Row, h: Row) -> Row:
        given = torch.from_numpy(_dots(of_x, x)).add_(bias_x)
        kept = torch.from_numpy(_dots(of_h, h)).add_(bias_h)
        gates = (given[: 2 * size] + kept[: 2 * size]).sigmoid_()
        new = torch.addcmul(given[2 * size :], gates[:size], kept[2 * size :]).tanh_()
        return torch.lerp(new, torch.from_numpy(h), gates[size:]).numpy()

    return following


def convolutions(layers: Sequence[nn.Conv2d]) -> Callable[[Tensor], Row] | None:
    """Return what convolutions of stride 2 with ReLUs make of an image (1, H, W, F): a row (h w C).

    None where weights do not lie as the product with a window reads them, channels last.
    """
    found: list[tuple[Tensor, Row, Tensor, int]] = []
    for layer in layers:
        matrix = as_matrix(layer.weight.detach())
        single = matrix.dtype == torch.float32 and matrix.device.type == "cpu"
        if not single or layer.bias is None or matrix.data_ptr() != layer.weight.data_ptr():
            return None
        found.append((matrix.T, matrix.numpy(), layer.bias.detach(), layer.kernel_size[0]))

    def encoded(image: Tensor) -> Row:
        for across, matrix, bias, kernel in found:
            rows, height, width = window_rows(image, kernel)
            if len(rows) > FEW_PIXELS:
                pixels = torch.addmm(bias, rows, across)
            else:
                pixels = torch.from_numpy(_dots(rows.numpy()[:, None], matrix)).add_(bias)
            image = pixels.relu_().view(1, height, width, -1)
        return image.view(-1).numpy()

    return encoded


def _view(weight: Tensor) -> Row:
    return weight.detach().numpy()

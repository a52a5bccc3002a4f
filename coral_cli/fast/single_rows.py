"""Dense layers, GRUs and convolutions for one row or image at a time on the CPU: what an agent that acts computes with.

A product with one row reads each weight once, so memory limits it, and all weights of an agent push the program's own
code out of the caches: what is done between products has to be little. NumPy's ``vecdot`` goes through weights as they
lie in half the time of torch's product with a vector, on one thread. What is returned here sees weights through views:
it follows their values, but does not notice when other tensors take their place. What lies between two layers is
written to the same places at every call, so a thread needs one of its own; results are in new memory. The places are
no tensors of inference mode, which could be written to only there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any, NamedTuple, TypeGuard, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import elu_, softplus

from coral_cli.fast.window_products import as_matrix, windows_of

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


class _Layer(NamedTuple):
    """A linear layer, perhaps with an ELU, and where its values go when another layer reads them: one memory, twice."""

    weight: Row
    bias: Tensor | None
    curved: bool
    place: Row
    values: Tensor


@torch.inference_mode(False)
def dense(layers: Iterable[nn.Module]) -> Callable[[Row], Row] | None:
    """Return what linear layers and ELUs compute of a row (F); None where there are others, or the first is an ELU."""
    found: list[_Layer] = []
    for layer in layers:
        if is_own(layer, nn.Linear):
            place, bias = np.empty(len(layer.weight), np.float32), layer.bias
            kept = None if bias is None else bias.detach()
            found.append(_Layer(_view(layer.weight), kept, False, place, torch.from_numpy(place)))
        elif found and not found[-1].curved and is_own(layer, nn.ELU) and layer.alpha == 1.0:
            found[-1] = found[-1]._replace(curved=True)
        else:
            return None
    return partial(_through, found[:-1], found[-1]) if found else lambda row: row


def _through(hidden: list[_Layer], last: _Layer, row: Row) -> Row:
    for weight, bias, curved, place, values in hidden:
        row = _dots(weight, row, out=place)
        if bias is not None:
            values.add_(bias)
        if curved:
            elu_(values)
    row = _dots(last.weight, row)
    if last.bias is not None or last.curved:
        values = torch.from_numpy(row)
        if last.bias is not None:
            values.add_(last.bias)
        if last.curved:
            elu_(values)
    return row


@torch.inference_mode(False)
def gru(cell: nn.Module) -> Callable[[Row, Row], Row] | None:
    """Return what a GRU makes of an input (I) and h (H), the next h; None where it is not torch's, with biases."""
    if not (is_own(cell, nn.GRUCell) and cell.bias):
        return None
    of_x, of_h = _view(cell.weight_ih), _view(cell.weight_hh)
    bias_x, bias_h, size = cell.bias_ih.detach(), cell.bias_hh.detach(), int(cell.hidden_size)
    place_x, place_h = np.empty((2, 3 * size), np.float32)
    given, kept = torch.from_numpy(place_x), torch.from_numpy(place_h)
    gates, kept_gates = given[: 2 * size], kept[: 2 * size]
    reset, update, new, kept_new = gates[:size], gates[size:], given[2 * size :], kept[2 * size :]

    def following(x: Row, h: Row) -> Row:
        _dots(of_x, x, out=place_x)
        _dots(of_h, h, out=place_h)
        given.add_(bias_x)
        kept.add_(bias_h)
        gates.add_(kept_gates).sigmoid_()
        new.addcmul_(reset, kept_new).tanh_()
        return torch.lerp(new, torch.from_numpy(h), update).numpy()

    return following


def gaussian(min_std: float) -> Callable[[Row], tuple[Tensor, Row]]:
    """Return what draws a sample (1, Z) from parameters (2 Z), means and raw deviations, and gives the mean (Z)."""

    def drawn(parameters: Row) -> tuple[Tensor, Row]:
        size = len(parameters) // 2
        both = torch.from_numpy(parameters)[None]
        std = softplus(both[:, size:]).add_(min_std)
        return torch.addcmul(both[:, :size], std, torch.randn(1, size)), parameters[:size]

    return drawn


class _Convolution(NamedTuple):
    """A convolution's weights as a matrix, as torch and as NumPy sees it, and its bias."""

    across: Tensor
    matrix: Row
    bias: Tensor
    kernel: int


class _Windows(NamedTuple):
    """The windows of an image (h, w, kernel, kernel * F), where they are copied to, and that as rows; the products."""

    seen: Row
    copied: Row
    rows: Tensor
    products: Tensor


def convolutions(
    layers: Sequence[nn.Conv2d], read: Callable[[NDArray[Any], Row], object]
) -> Callable[[NDArray[Any]], Row] | None:
    """Return what convolutions of stride 2 with ReLUs make of an image (H, W, F): a row (h w C).

    ``read`` writes what the first layer sees of a raw image to an array of the same shape. None where weights do not
    lie as the product with a window reads them, channels last.
    """
    found: list[_Convolution] = []
    for layer in layers:
        matrix = as_matrix(layer.weight.detach())
        single = matrix.dtype == torch.float32 and matrix.device.type == "cpu"
        if not single or layer.bias is None or matrix.data_ptr() != layer.weight.data_ptr():
            return None
        found.append(_Convolution(matrix.T, matrix.numpy(), layer.bias.detach(), layer.kernel_size[0]))
    shape: tuple[int, ...] = ()
    pixels, places = np.empty(0, np.float32), list[_Windows]()

    def encoded(image: NDArray[Any]) -> Row:
        nonlocal shape, pixels, places
        if image.shape != shape:
            pixels = np.empty(image.shape, np.float32)
            shape, places = image.shape, _places(pixels, found)
        read(image, pixels)
        for (across, matrix, bias, _), (seen, copied, rows, products) in zip(found, places, strict=True):
            np.copyto(copied, seen)
            if len(rows) > FEW_PIXELS:
                torch.addmm(bias, rows, across, out=products)
            else:
                _dots(rows.numpy()[:, None], matrix, out=products.numpy())
                products.add_(bias)
            products.relu_()
        return products.flatten().numpy().copy()

    return encoded


@torch.inference_mode(False)
def _places(pixels: Row, layers: Sequence[_Convolution]) -> list[_Windows]:
    """Return where each layer finds its windows, of an image that lies in ``pixels`` (H, W, F), and leaves its own."""
    places: list[_Windows] = []
    image = torch.from_numpy(pixels)
    for layer in layers:
        seen = windows_of(image[None], layer.kernel)[0]
        copied, products = torch.empty(seen.shape), torch.empty(*seen.shape[:2], len(layer.matrix))
        rows = copied.view(-1, layer.matrix.shape[1])
        places.append(_Windows(seen.numpy(), copied.numpy(), rows, products.view(len(rows), -1)))
        image = products
    return places


def _view(weight: Tensor) -> Row:
    return weight.detach().numpy()

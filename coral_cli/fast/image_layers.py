"""Convolution, bias and ReLU of an image encoder on a GPU: the library's convolution, and kernels of coral's own."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import conv2d, conv_transpose2d

from coral_cli.fast.gpu import makes_kernels
from coral_cli.fast.window_products import STRIDE

PIXELS, BACK_PIXELS = 128, 64
"""A program of the first convolution takes so many pixels at once, forwards and backwards."""
VALUES, BACK_VALUES = 4096, 8192
"""A program that only adds and compares takes so many values at once, forwards and backwards."""
PROGRAMS = 528
"""So many programs share a gradient: four for each of an H100's processors."""
FEW_VALUES = 128
"""Up to so many values of a window the first convolution is a product with windows read as they lie."""


def rectified(image: Tensor, weight: Tensor, bias: Tensor, transposed: bool = False) -> Tensor:
    """Return max(convolution + bias, 0), in autocast's precision where that is on.

    image (N, C, H, W) channels-last, weight (O, C, kernel, kernel), for a transposed convolution (C, O, ...).
    """
    if torch.is_autocast_enabled("cuda"):
        image = image.to(torch.get_autocast_dtype("cuda"))
    if not transposed and is_first(image, weight):
        return _First.apply(image, weight, bias)  # type: ignore[no-any-return, no-untyped-call]
    convolve = conv_transpose2d if transposed else conv2d
    convolved = convolve(image, weight.to(image.dtype), stride=STRIDE)
    convolved = convolved.contiguous(memory_format=torch.channels_last)
    return _Rectified.apply(convolved, bias)  # type: ignore[no-any-return, no-untyped-call]


def is_first(image: Tensor, weight: Tensor) -> bool:
    """Return whether windows are few numbers in half precision, and nothing learns from the image's gradient."""
    return not image.requires_grad and image.dtype == torch.bfloat16 and weight[0].numel() <= FEW_VALUES


def fits(image: Tensor) -> bool:
    """Return whether ``rectified`` can take the image, and something learns from it: a single action gains nothing."""
    return torch.is_grad_enabled() and makes_kernels(image.device)


class _Rectified(torch.autograd.Function):
    """Bias and ReLU of a convolved image (N, C, H, W), which is written over."""

    @staticmethod
    def forward(context: Any, image: Tensor, bias: Tensor) -> Tensor:
        context.mark_dirty(image)
        _kernels().rectify[_parts(image.numel(), VALUES),](image, bias, image.numel(), C=image.shape[1], BLOCK=VALUES)
        context.save_for_backward(image)
        return image

    @staticmethod
    def backward(context: Any, *gradients: Tensor) -> tuple[Tensor, Tensor]:
        (image,) = context.saved_tensors
        of_image = gradients[0].contiguous(memory_format=torch.channels_last)
        channels = image.shape[1]
        of_convolved, rows = torch.empty_like(image), image.numel() // channels
        block = max(1, BACK_VALUES // _power(channels))
        programs, steps = _shared(rows, block)
        shares = image.new_empty(channels, programs, dtype=torch.float32)
        _kernels().rectify_gradient[programs,](
            of_image, image, of_convolved, shares, rows, C=channels, BC=_power(channels), STEPS=steps, BLOCK=block
        )
        return of_convolved, shares.sum(1)


class _First(torch.autograd.Function):
    """The first convolution with its ReLU."""

    @staticmethod
    def forward(context: Any, image: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        image = image.contiguous(memory_format=torch.channels_last)
        half = weight.to(image.dtype, memory_format=torch.channels_last)
        sides = [(side - weight.shape[2]) // STRIDE + 1 for side in image.shape[2:]]
        out = image.new_empty(len(image), *sides, len(weight))
        rows = len(image) * math.prod(sides)
        _kernels().first_convolution[_parts(rows, PIXELS),](
            image, half, bias, out, rows, **_sizes(image, weight), BLOCK=PIXELS
        )
        context.save_for_backward(image, weight, out)
        return out.permute(0, 3, 1, 2)

    @staticmethod
    def backward(context: Any, *gradients: Tensor) -> tuple[None, Tensor, Tensor]:
        image, weight, out = context.saved_tensors
        of_out = gradients[0].contiguous(memory_format=torch.channels_last)
        rows, (channels, before, *kernel) = out.numel() // out.shape[3], weight.shape
        programs, steps = _shared(rows, BACK_PIXELS)
        of_weight = image.new_empty(programs, channels, *kernel, before, dtype=torch.float32)
        of_bias = of_weight.new_empty(channels, programs)
        _kernels().first_convolution_gradient[programs,](
            of_out, out, image, of_weight, of_bias, rows, STEPS=steps, **_sizes(image, weight), BLOCK=BACK_PIXELS
        )
        return None, of_weight.sum(0).permute(0, 3, 1, 2), of_bias.sum(1)


def _kernels() -> Any:
    from coral_cli.fast import image_kernels

    return image_kernels


def _sizes(image: Tensor, weight: Tensor) -> dict[str, int]:
    """Return the sizes that the first convolution's kernels are made for."""
    channels, _, size, _ = weight.shape
    _, before, height, width = image.shape
    tile = {"BK": max(16, _power(weight[0].numel())), "BO": max(16, _power(channels))}
    return {"H": height, "W": width, "C": before, "SIZE": size, "F": channels, **tile}


def _shared(rows: int, block: int) -> tuple[int, int]:
    """Return how many programs share ``rows``, and how many blocks each takes at most."""
    blocks = _parts(rows, block)
    programs = min(PROGRAMS, blocks)
    return programs, _parts(blocks, programs)


def _parts(count: int, size: int) -> int:
    return -(-count // size)


def _power(count: int) -> int:
    """Return the least power of two that is ``count`` or more."""
    return 1 << (count - 1).bit_length()

"""Convolutions of stride 2 without padding as matrix products: each coarse pixel reads a window of fine ones.

A fine map is (N, F, H, W), a coarse one (N, C, h, w), a weight (C, F, kernel, kernel), all channels-last.
"""

from __future__ import annotations

from itertools import product

import torch
from torch import Tensor

STRIDE = 2
FEW_PIXELS = 9
"""Up to so many coarse pixels the library's convolution is slower."""


def leaves_few(fine: Tensor, weight: Tensor) -> bool:
    """Return whether a convolution leaves so few pixels that products with all windows are faster, both ways."""
    height, width = ((side - weight.shape[2]) // STRIDE + 1 for side in fine.shape[2:])
    return height * width <= FEW_PIXELS


def pixels_down(pixels: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """Return the convolution (N, h, w, C) of fine pixels (N, H, W, F), without gradients."""
    windows = _windows(pixels, weight.shape[2])
    return torch.addmm(bias, windows.flatten(0, 2), as_matrix(weight).T).view(*windows.shape[:3], -1)


def down_by_product(fine: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """Return the convolution of a fine map, a coarse one."""
    windows = _windows(fine.permute(0, 2, 3, 1), weight.shape[2])
    count, height, width, _ = windows.shape
    # No view: the ReLU behind it writes it over.
    drawn = torch.empty(count, len(bias), height, width, dtype=bias.dtype, memory_format=torch.channels_last)
    torch.addmm(bias, windows.flatten(0, 2), as_matrix(weight).T, out=drawn.permute(0, 2, 3, 1).flatten(0, 2))
    return drawn


def up_by_product(coarse: Tensor, weight: Tensor, shape: torch.Size) -> Tensor:
    """Return the transposed convolution of a coarse map: each pixel's window, added up in a fine one of ``shape``."""
    channels, kernel = weight.shape[1], weight.shape[2]
    pixels = coarse.permute(0, 2, 3, 1)  # (N, h, w, C)
    windows = (pixels.flatten(0, 2) @ as_matrix(weight)).view(*pixels.shape[:3], kernel, kernel, channels)
    fine = weight.new_zeros(shape[0], *shape[2:], channels)
    for row, column in product(*map(range, pixels.shape[1:3])):
        top, left = STRIDE * row, STRIDE * column
        fine[:, top : top + kernel, left : left + kernel] += windows[:, row, column]
    return fine.permute(0, 3, 1, 2)


def weight_gradient(coarse: Tensor, fine: Tensor, weight: Tensor) -> Tensor:
    """Return the sum over all coarse pixels of their values times the window of fine pixels that each belongs to."""
    channels, kernel = weight.shape[1], weight.shape[2]
    pixels = coarse.permute(0, 2, 3, 1).flatten(0, 2)
    columns = _windows(fine.permute(0, 2, 3, 1), kernel).flatten(0, 2)
    return (pixels.T @ columns).view(-1, kernel, kernel, channels).permute(0, 3, 1, 2)


def _windows(pixels: Tensor, kernel: int) -> Tensor:
    """Return for each coarse pixel the fine ones that it reads, (N, h, w, kernel * kernel * F), of (N, H, W, F)."""
    return windows_of(pixels.contiguous(), kernel).flatten(3)


def windows_of(pixels: Tensor, kernel: int) -> Tensor:
    """Return the same as a view (N, h, w, kernel, kernel * F) of contiguous pixels."""
    count, rows, columns, channels = pixels.shape
    height, width = ((side - kernel) // STRIDE + 1 for side in (rows, columns))
    line, step = columns * channels, STRIDE * channels
    return pixels.as_strided(
        (count, height, width, kernel, kernel * channels), (rows * line, STRIDE * line, step, line, 1)
    )


def as_matrix(weight: Tensor) -> Tensor:
    """Return a weight (C, F, kernel, kernel) as a matrix (C, kernel * kernel * F)."""
    return weight.permute(0, 2, 3, 1).flatten(1)

"""Random crops: images lose a margin, every sequence of a batch at one random offset of its own.

``cut_rows`` cuts pictures out of the replay in memory, ``cut`` those that lie on a GPU already.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
import torch
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray
from torch import Tensor

Corners: TypeAlias = dict[str, tuple[NDArray[np.int64], NDArray[np.int64]]]
"""Top and left, (B, 1) each, of every image sensor's crop."""


def draw_corners(
    sensors: Sequence[str], batch: int, margin: int, random: np.random.Generator, part: slice = slice(None)
) -> Corners:
    """Draw uniform corners for all of ``batch`` sequences, and return those of a ``part``; none without a margin."""

    def drawn() -> NDArray[np.int64]:
        return random.integers(margin + 1, size=(batch, 1))[part]

    return {name: (drawn(), drawn()) for name in sensors if margin}


def cut_rows(
    images: NDArray[Any], rows: NDArray[np.int64], margin: int, top: NDArray[np.int64], left: NDArray[np.int64]
) -> NDArray[Any]:
    """Return rows (B, T) of (N, H, W, C) images, each sequence cut out from its own corner, (B, 1).

    All offsets are one strided view, so only the pixels kept are ever copied.
    """
    count, height, width, channels = images.shape
    height, width = height - margin, width - margin
    per_image, per_line, per_pixel, _ = images.strides
    windows = as_strided(
        images,
        (count, margin + 1, margin + 1, height, width * channels),
        (per_image, per_line, per_pixel, per_line, images.itemsize),
        writeable=False,
    )
    return windows[rows, top, left].reshape(*rows.shape, height, width, channels)


def cut(images: Tensor, margin: int, top: Tensor, left: Tensor) -> Tensor:
    """Return images (B, T, H, W, C) without ``margin`` pixels per axis, each sequence from its own corner, (B, 1)."""
    batch, length, height, width, channels = images.shape
    height, width = height - margin, width - margin
    strides = images.stride()
    windows = images.as_strided(
        (batch, length, margin + 1, margin + 1, height, width * channels),
        (*strides[:2], *strides[2:4], strides[2], strides[4]),
    )
    sequence = torch.arange(batch, device=images.device)[:, None]
    step = torch.arange(length, device=images.device)
    pixels: Tensor = windows[sequence, step, top, left].unflatten(-1, (width, channels))
    return pixels

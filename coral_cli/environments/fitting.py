"""Pictures of one size and shape made into those of another, by area."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from coral_cli.registry.sensors import Fit

Box: TypeAlias = tuple[float, float, float, float]
"""Left, top, right and bottom of a part of a picture, in pixels."""


def part(given: tuple[int, int], size: tuple[int, int], fit: Fit) -> tuple[Box, tuple[int, int]]:
    """Return the part of a picture (height, width) that is shown, and the height and width that it becomes."""
    (height, width), (high, wide) = given, size
    if fit == "squeeze":
        return (0, 0, width, height), size
    if fit == "pad":
        pixels = max(height / high, width / wide)
        return (0, 0, width, height), (max(1, round(height / pixels)), max(1, round(width / pixels)))
    pixels = min(height / high, width / wide)
    left, top = (width - wide * pixels) / 2, (height - high * pixels) / 2
    return (left, top, width - left, height - top), size


def fitted(pictures: NDArray[Any], size: tuple[int, int], fit: Fit) -> NDArray[Any]:
    """Return pictures (T, H, W, C) in another ``size``: bytes by area, real numbers (depth) by the nearest pixel.

    A mean of depth across an edge would be a distance where nothing is.
    """
    if pictures.shape[1:3] == size:
        return pictures
    box, (high, wide) = part((pictures.shape[1], pictures.shape[2]), size, fit)
    top, left = (size[0] - high) // 2, (size[1] - wide) // 2
    out = np.zeros((len(pictures), *size, pictures.shape[3]), pictures.dtype)
    for new, picture in zip(out, pictures, strict=True):
        for channel in range(picture.shape[2]):  # one by one: Pillow would weigh a fourth channel as opacity
            new[top : top + high, left : left + wide, channel] = _resized(picture[..., channel], box, (wide, high))
    return out


def _resized(flat: NDArray[Any], box: Box, size: tuple[int, int]) -> NDArray[Any]:
    from PIL import Image

    if flat.dtype == np.uint8:
        return np.asarray(Image.fromarray(np.ascontiguousarray(flat)).resize(size, Image.Resampling.BOX, box=box))
    return np.asarray(Image.fromarray(flat.astype(np.float32)).resize(size, Image.Resampling.NEAREST, box=box))

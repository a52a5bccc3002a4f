"""How pictures and depth become those of the size asked for, the right way up and without being squeezed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image

How: TypeAlias = Literal["pad", "crop", "squeeze"]
Size: TypeAlias = tuple[int, int]
"""Rows and columns."""


@dataclass(frozen=True)
class Fit:
    """A way from pictures (H, W, C) of any size to those of one ``size``.

    Where their aspects differ, ``pad`` leaves black stripes, ``crop`` leaves out what is at two edges, and ``squeeze``
    distorts. Before, ``flip`` reverses the rows, and ``turn`` turns by half a circle.
    """

    size: Size
    how: How = "squeeze"
    flip: bool = False
    turn: bool = False

    def upright(self, picture: NDArray[Any]) -> NDArray[Any]:
        """Return a picture in its own size, the right way up: a view."""
        picture = picture[::-1] if self.flip else picture
        return picture[::-1, ::-1] if self.turn else picture

    def picture(self, picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return (H, W, C) uint8 as a new array of the size, each pixel the mean of those it covers."""
        picture = self.upright(picture)
        if picture.shape[:2] == self.size:
            return picture.copy()
        resample = _resampled(self.how, picture.shape[:2], self.size, Image.Resampling.BOX)
        # channel by channel: Pillow would weigh a fourth one as opacity
        return np.stack([resample(channel) for channel in np.moveaxis(picture, -1, 0)], -1)

    def depth(self, metres: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return depth (H, W) as (height, width, 1); stripes are zero.

        Pixels are the nearest ones: a mean across an edge would be a distance where nothing is.
        """
        metres = self.upright(metres)
        return _resampled(self.how, metres.shape, self.size, Image.Resampling.NEAREST)(metres)[..., None]


def _resampled(
    how: How, given: Size, size: Size, filtering: Image.Resampling
) -> Callable[[NDArray[Any]], NDArray[Any]]:
    """Return what makes a channel of ``size`` from one of the size ``given``."""
    (rows, columns), (height, width) = given, size
    inner, seen = size, given
    if how == "pad":
        scale = min(height / rows, width / columns)
        inner = max(1, round(rows * scale)), max(1, round(columns * scale))
    elif how == "crop":
        scale = max(height / rows, width / columns)
        seen = height / scale, width / scale  # type: ignore[assignment]  # fractions of a pixel count as such
    top, left = (rows - seen[0]) / 2, (columns - seen[1]) / 2
    box = left, top, left + seen[1], top + seen[0]

    def resample(channel: NDArray[Any]) -> NDArray[Any]:
        image = Image.fromarray(np.ascontiguousarray(channel))
        found = np.asarray(image.resize(inner[::-1], filtering, box=box))
        if inner == size:
            return found.copy()
        out = np.zeros(size, found.dtype)
        row, column = (height - inner[0]) // 2, (width - inner[1]) // 2
        out[row : row + inner[0], column : column + inner[1]] = found
        return out

    return resample

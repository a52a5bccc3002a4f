"""Which Boxes are pictures, stacks of pictures, or depth, and where their rows, columns and channels are."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from gymnasium.spaces import Box
from numpy.typing import NDArray

_CHANNELS = (1, 3, 4)
_FRAMES = 16
"""More pictures than that are not stacked."""
_SIDE = 32
"""Pixels from which on a side can be that of a picture where no axis of channels says so."""


@dataclass(frozen=True)
class Layout:
    """A layout of pictures, which makes (H, W, C) of a value: ``order`` are its axes, those of rows and columns first.

    What follows them becomes channels, the last of them ``single`` axes those of one picture. ``top`` is what white is
    given as: 255 or 1.
    """

    order: tuple[int, ...]
    single: int
    top: int

    def upright(self, value: NDArray[Any]) -> NDArray[Any]:
        """Return ``value`` as (H, W, C)."""
        turned = value.transpose(self.order)
        return turned if len(self.order) == 3 else turned.reshape(*turned.shape[:2], -1)

    def depth(self, shape: Sequence[int]) -> int:
        """Return C: the channels of all pictures."""
        return math.prod(shape[axis] for axis in self.order[2:])

    def channels(self, shape: Sequence[int]) -> int:
        """Return the channels of one picture."""
        return math.prod(shape[axis] for axis in self.order[len(self.order) - self.single :])


def picture_layout(space: Box) -> Layout | None:
    """Return the layout of a picture; None when it is none."""
    top = _white(space)
    order = None if top is None else _order(space)
    return None if top is None or order is None else Layout(*order, top)


def depth_axes(path: Sequence[str], space: Box) -> tuple[int, int] | None:
    """Return the axes of rows and columns of depth, which its key says that it is; None when it is no depth."""
    named = any("depth" in str(key).lower() for key in path)
    if not named or space.dtype.kind not in "iuf" or space.dtype == np.uint8:
        return None
    places = {2: (0, 1), 3: (0, 1) if space.shape[-1:] == (1,) else (1, 2) if space.shape[:1] == (1,) else None}
    return places.get(len(space.shape))


def _white(space: Box) -> int | None:
    """Return what white is given as; None where the bounds are not those of a picture."""
    low, high = space.low.min(), space.high.max()
    if space.dtype == np.uint8:
        return 1 if high == 1 else 255
    if low == 0 and high == 255:
        return 255
    return 1 if space.dtype.kind == "f" and low >= 0 and high <= 1 else None


def _order(space: Box) -> tuple[tuple[int, ...], int] | None:
    """Return the order of the axes, and how many of them are those of one picture's channels."""
    shape = space.shape
    if len(shape) == 2 and min(shape) >= _SIDE and space.high.max() == 255:
        return (0, 1), 0
    if len(shape) == 3:
        if shape[2] in _CHANNELS:
            return (0, 1, 2), 1
        if shape[0] in _CHANNELS:
            return (1, 2, 0), 1
        if shape[0] <= _FRAMES and min(shape[1:]) >= _SIDE:
            return (1, 2, 0), 0
        return ((0, 1, 2), 0) if shape[2] <= _FRAMES and min(shape[:2]) >= _SIDE else None
    if len(shape) == 4 and shape[0] <= _FRAMES:
        if shape[3] in _CHANNELS:
            return (1, 2, 0, 3), 1
        if shape[1] in _CHANNELS:
            return (2, 3, 0, 1), 1
    return None

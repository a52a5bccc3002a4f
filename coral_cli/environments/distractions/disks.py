"""The paper's occlusion setting, drawn: disks of strong colours drift over the scene."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from coral_cli.environments.distractions.values import ValueDistraction, pixels
from coral_cli.plugin import Scene

COLORS = np.array(
    [
        [230, 30, 30],
        [30, 200, 40],
        [40, 60, 240],
        [250, 220, 30],
        [230, 40, 220],
        [30, 220, 230],
        [250, 130, 20],
        [130, 40, 190],
    ],
    np.uint8,
)
"""Red, green, blue, yellow, magenta, cyan, orange, purple; an episode takes them in an order of its own."""


class Disks(ValueDistraction):
    """A distraction of filled disks whose centres move straight on and are reflected at the image's borders.

    ``radii`` (smallest, largest) and ``speed`` (per step) are fractions of the image's smaller side. Later disks lie
    over earlier ones. An image with one channel gets the colours' means.
    """

    def __init__(self, shape: tuple[int, ...], count: int, radii: tuple[float, float], speed: float) -> None:
        height, width, channels = shape
        side = min(height, width)
        self._extent = np.array([height, width], np.float64)
        self._rows = np.arange(height, dtype=np.float32) + np.float32(0.5)  # (H,), pixels' centres
        self._columns = np.arange(width, dtype=np.float32) + np.float32(0.5)  # (W,)
        self._palette = COLORS if channels == 3 else COLORS.mean(1, keepdims=True).astype(np.uint8).repeat(channels, 1)
        self._count, self._radii, self._speed = count, (radii[0] * side, radii[1] * side), speed * side  # pixels

    def begin(self, random: np.random.Generator, scene: Scene | None) -> None:
        angles = random.uniform(0, 2 * np.pi, self._count)
        self._velocities = self._speed * np.stack([np.sin(angles), np.cos(angles)], -1)  # (N, 2) rows, columns
        self._starts = random.uniform(0, 2 * self._extent, (self._count, 2))
        self._squares = np.square(random.uniform(*self._radii, self._count)).astype(np.float32)[:, None, None]
        order = random.permutation(len(COLORS))[np.arange(self._count) % len(COLORS)]
        self._colors = pixels(self._palette[order])  # (N,)
        self._steps = 0

    def change(self, value: NDArray[Any], scene: Scene | None) -> NDArray[Any]:
        value = np.ascontiguousarray(value)
        shown = pixels(value)
        rows, columns = np.split(self._centres(), 2, axis=1)  # (N, 1)
        rows, columns = np.square(self._rows - rows), np.square(self._columns - columns)  # (N, H), (N, W)
        covered = rows[:, :, None] + columns[:, None, :] <= self._squares  # (N, H, W)
        for where, color in zip(covered, self._colors, strict=True):
            np.copyto(shown, color, where=where)
        self._steps += 1
        return value

    def _centres(self) -> NDArray[np.float32]:
        """Return rows and columns (N, 2) in pixels. A straight path through mirrored images is a reflected one."""
        paths = (self._starts + self._steps * self._velocities) % (2 * self._extent)
        return (self._extent - np.abs(paths - self._extent)).astype(np.float32)

"""A moving background out of nothing but a seed, with the statistics of natural video."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from coral_cli.environments.distractions.backgrounds import Frame
from coral_cli.plugin import Split

FINE = 2  # positions per pixel along each axis, so that slow motion is smooth
LAYERS = 2
OPPONENT = np.array([[1, 1, 1], [1, 0, -1], [1, -2, 1]]) / np.sqrt([[3], [2], [6]])
"""The principal colour axes of natural images: light to dark, yellow to blue, green to magenta (unit vectors)."""
SPREAD = np.array([1.0, 0.35, 0.15])
"""The standard deviations along these axes."""


class Texture:
    """A source of coloured Gaussian noise whose power falls as 1 / f^2 with spatial frequency, as in natural images.

    Two such layers drift, each in its own direction at ``speed`` (fraction of the larger side per step), while one
    fades into the other: the frame is ``cos(p) first + sin(p) second``, whose variance stays the same, and a layer is
    gone after ``0.5 / speed`` steps. ``contrast`` is the standard deviation of the brightness in grey levels; an
    episode has a mean colour of its own. Training and evaluation draw from different random streams.
    """

    def __init__(self, height: int, width: int, contrast: float, speed: float, split: Split) -> None:
        self._height, self._width, self._contrast, self._split = height, width, contrast, split
        self._speed = speed * max(height, width)  # pixels per step
        self._turn = np.pi * speed  # radians per step
        self._side = 2 ** max(height, width).bit_length()  # of the periodic texture, in pixels: more than the image's

    def begin(self, random: np.random.Generator) -> None:
        random = np.random.default_rng([int(random.integers(2**63)), int(self._split == "evaluation")])
        mixing = (np.sqrt(3) * self._contrast * SPREAD[:, None] * OPPONENT).astype(np.float32)  # (3 axes, 3 channels)
        tiles = np.moveaxis(pink_noise(random, (LAYERS, 3), self._side), 1, -1) @ mixing  # (LAYERS, S, S, 3)
        self._tiles = self._by_offset(tiles)
        mean = random.uniform(80, 175) + random.normal(0, 15, 3)
        self._mean = np.tile(mean.astype(np.float32), (self._height, self._width))  # (H, W * 3)
        angles = random.uniform(0, 2 * np.pi, LAYERS)
        self._velocities = self._speed * np.stack([np.sin(angles), np.cos(angles)], -1)  # (LAYERS, 2)
        self._starts = random.uniform(0, self._side, (LAYERS, 2))
        self._phase = random.uniform(0, 2 * np.pi)
        self._steps = 0

    def frame(self) -> Frame:
        phase = self._phase + self._steps * self._turn
        corners = np.rint(FINE * (self._starts + self._steps * self._velocities)).astype(int) % (FINE * self._side)
        self._steps += 1
        mixed = np.float32(np.cos(phase)) * self._window(0, corners[0])
        mixed += np.float32(np.sin(phase)) * self._window(1, corners[1])
        mixed += self._mean
        return np.clip(mixed, 0, 255, out=mixed).astype(np.uint8).reshape(self._height, self._width, 3)

    def _by_offset(self, tiles: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return every FINE-th value from each offset on, and a margin, so that a frame is one slice with long rows.

        The result is (LAYERS, FINE, FINE, side + H, (side + W) * 3).
        """
        count, size, _, _ = tiles.shape
        grids = tiles.reshape(count, size // FINE, FINE, size // FINE, FINE, 3).transpose(0, 2, 4, 1, 3, 5)
        margins = ((0, 0), (0, 0), (0, 0), (0, self._height), (0, self._width), (0, 0))
        return np.pad(grids, margins, mode="wrap").reshape(count, FINE, FINE, self._side + self._height, -1)

    def _window(self, layer: int, corner: NDArray[np.intp]) -> NDArray[np.float32]:
        """Return a layer's (H, W * 3) from ``corner`` on, which counts in FINE parts of a pixel."""
        (row, column), (down, right) = corner // FINE, corner % FINE
        rows, columns = slice(row, row + self._height), slice(3 * column, 3 * (column + self._width))
        return self._tiles[layer, down, right, rows, columns]


def pink_noise(random: np.random.Generator, shape: tuple[int, ...], side: int) -> NDArray[np.float32]:
    """Draw periodic Gaussian fields (*shape, FINE * side, FINE * side) of unit variance with power 1 / f^2.

    Every value is the mean over a camera's pixel, FINE values wide, which damps the highest frequencies a little more.
    None is above what an image of ``side`` pixels can show, so every FINE-th value is free of aliasing.
    """
    half = side // 2
    rows, columns = np.fft.fftfreq(side)[:, None], np.fft.fftfreq(side)[:half]  # cycles per pixel
    frequency = np.hypot(rows, columns)
    frequency[0, 0] = np.inf  # no mean
    frequency[half] = np.inf  # the highest row has no partner of opposite sign
    amplitude = (np.sinc(rows) * np.sinc(columns) / frequency).astype(np.float32)
    spectrum = np.fft.rfft2(random.standard_normal((*shape, side, side), np.float32))[..., :half] * amplitude
    padded = np.zeros((*shape, FINE * side, FINE * half + 1), np.complex64)
    padded[..., :half, :half] = spectrum[..., :half, :]
    padded[..., -half:, :half] = spectrum[..., half:, :]
    fields: NDArray[np.float32] = np.fft.irfft2(padded, s=(FINE * side, FINE * side)).astype(np.float32)
    fields /= fields.std((-2, -1), keepdims=True)
    return fields

"""Sensor noise: Gaussian, independent in every step and value."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from coral_cli.environments.distractions.values import ValueDistraction
from coral_cli.plugin import Scene


class PixelNoise(ValueDistraction):
    """A distraction that adds noise of ``std`` grey levels to each channel of every pixel, cut off at 0 and 255."""

    def __init__(self, std: float) -> None:
        self._std = np.float32(std)

    def begin(self, random: np.random.Generator, scene: Scene | None) -> None:
        self._random = random

    def change(self, value: NDArray[Any], scene: Scene | None) -> NDArray[Any]:
        noisy = self._random.standard_normal(value.shape, np.float32)
        noisy *= self._std
        noisy += value
        np.rint(noisy, out=noisy)
        return np.clip(noisy, 0, 255, out=noisy).astype(np.uint8)


class VectorNoise(ValueDistraction):
    """A distraction that adds noise of ``std`` in each value's unit or, if ``relative``, times that value's size."""

    def __init__(self, std: float, relative: bool) -> None:
        self._std, self._relative = np.float32(std), relative

    def begin(self, random: np.random.Generator, scene: Scene | None) -> None:
        self._random = random

    def change(self, value: NDArray[Any], scene: Scene | None) -> NDArray[Any]:
        noise = self._std * self._random.standard_normal(value.shape, np.float32)
        if self._relative:
            noise *= np.abs(value)
        noise += value
        return noise

"""Colours that differ from episode to episode: another light, another camera."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from coral_cli.environments.distractions.values import ValueDistraction
from coral_cli.plugin import Scene

LUMA = np.array([0.299, 0.587, 0.114])
"""What red, green and blue add to brightness (ITU-R BT.601)."""
MID_GREY = 127.5


class ColorJitter(ValueDistraction):
    """A distraction of brightness, contrast, saturation and hue, drawn once per episode.

    The factors are within 1 +- each of the first three values; colours turn by up to ``hue`` of their circle either
    way.
    """

    def __init__(self, brightness: float, contrast: float, saturation: float, hue: float) -> None:
        self._low = np.array([1 - brightness, 1 - contrast, 1 - saturation, -hue])
        self._high = np.array([1 + brightness, 1 + contrast, 1 + saturation, hue])

    def begin(self, random: np.random.Generator, scene: Scene | None) -> None:
        matrix, offset = color_map(*random.uniform(self._low, self._high))
        self._transposed, self._offset = matrix.T.astype(np.float32), np.float32(offset)

    def change(self, value: NDArray[Any], scene: Scene | None) -> NDArray[Any]:
        colors = value.reshape(-1, 3).astype(np.float32) @ self._transposed  # (H * W, 3)
        colors += self._offset
        np.rint(colors, out=colors)
        return np.clip(colors, 0, 255, out=colors).astype(np.uint8).reshape(value.shape)


def color_map(brightness: float, contrast: float, saturation: float, hue: float) -> tuple[NDArray[np.float64], float]:
    """Return all four changes, in this order, as ``matrix @ rgb + offset``; ``hue`` is a fraction of the colour circle.

    Contrast is about mid-grey; saturation 0 leaves the luma; hue turns about the grey axis (a third sends red to
    green). None of the last two changes a grey, so the offset of contrast stays one number.
    """
    saturate = saturation * np.eye(3) + (1 - saturation) * LUMA
    return contrast * brightness * _turn(2 * np.pi * hue) @ saturate, MID_GREY * (1 - contrast)


def _turn(angle: float) -> NDArray[np.float64]:
    """Return Rodrigues' rotation (3, 3) about (1, 1, 1) / sqrt(3)."""
    cross = np.array([[0, -1, 1], [1, 0, -1], [-1, 1, 0]]) / np.sqrt(3)
    cos, sin = float(np.cos(angle)), float(np.sin(angle))
    turned: NDArray[np.float64] = cos * np.eye(3) + sin * cross + (1 - cos) * np.full((3, 3), 1 / 3)
    return turned

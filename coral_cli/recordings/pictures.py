"""Pictures made smaller, by the mean of what a pixel covers, without being squeezed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from coral_cli.registry.records import Sensor

Aspect: TypeAlias = Literal["crop", "pad"]
"""What becomes of a picture of another aspect: its middle is taken, or its rest is black."""


@dataclass(frozen=True)
class Fit:
    """The size (height, width) that pictures get, and how; None leaves them as they are."""

    size: tuple[int, int] | None = None
    aspect: Aspect = "crop"

    def sensor(self, sensor: Sensor) -> Sensor:
        """Return a sensor with the size that its values get."""
        if self.size is None or not sensor.spatial:
            return sensor
        return Sensor(sensor.name, sensor.kind, (*self.size, sensor.shape[2]))

    def __call__(self, sensor: Sensor, value: NDArray[Any]) -> NDArray[Any]:
        """Return an image (H, W, C) or depth (H, W, 1) in the size asked for; all else as it is."""
        if self.size is None or not sensor.spatial or value.shape[:2] == self.size:
            return value
        if self.aspect == "crop":
            return _resized(value, _middle(value.shape, self.size), self.size)
        inner = _within(value.shape, self.size)
        out = np.zeros((*self.size, value.shape[2]), value.dtype)
        top, left = ((whole - part) // 2 for whole, part in zip(self.size, inner, strict=True))
        out[top : top + inner[0], left : left + inner[1]] = _resized(value, (0, 0, *value.shape[:2]), inner)
        return out


def _middle(shape: tuple[int, ...], size: tuple[int, int]) -> tuple[float, float, float, float]:
    """Return top, left, bottom and right of the largest part of a picture that has the aspect of ``size``."""
    scale = min(shape[0] / size[0], shape[1] / size[1])
    height, width = size[0] * scale, size[1] * scale
    top, left = (shape[0] - height) / 2, (shape[1] - width) / 2
    return top, left, top + height, left + width


def _within(shape: tuple[int, ...], size: tuple[int, int]) -> tuple[int, int]:
    """Return the largest size within ``size`` that has a picture's own aspect."""
    scale = min(size[0] / shape[0], size[1] / shape[1])
    return max(1, round(shape[0] * scale)), max(1, round(shape[1] * scale))


def _resized(value: NDArray[Any], part: tuple[float, float, float, float], size: tuple[int, int]) -> NDArray[Any]:
    """Return ``part`` of a picture in another size: depth by its nearest pixels, for a mean would be where nothing is.

    Channels are taken one by one: Pillow would weigh a fourth as opacity.
    """
    from PIL import Image

    how = Image.Resampling.BOX if value.dtype == np.uint8 else Image.Resampling.NEAREST
    box = (part[1], part[0], part[3], part[2])
    channels = [
        Image.fromarray(np.ascontiguousarray(channel)).resize(size[::-1], how, box)
        for channel in np.moveaxis(value, -1, 0)
    ]
    return np.stack([np.asarray(channel) for channel in channels], -1)

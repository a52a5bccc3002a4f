"""Pictures made smaller by the mean of what a pixel covers, depth by its nearest pixels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from coral_cli.registry.records import Sensor

Fit: TypeAlias = Literal["crop", "pad", "squeeze"]
"""What becomes of a picture of another shape: its middle is taken, black bars are added, or it is distorted."""
Size: TypeAlias = tuple[int, int]
"""Height and width, in pixels."""
Box: TypeAlias = tuple[float, float, float, float]
"""Left, top, right and bottom of a part of a picture, in pixels."""


@dataclass(frozen=True)
class Sizing:
    """The size that pictures get, and how; None leaves them as they are."""

    size: Size | None = None
    fit: Fit = "crop"

    def sensor(self, sensor: Sensor) -> Sensor:
        """Return a sensor with the size that its values get."""
        if self.size is None or not sensor.spatial:
            return sensor
        return Sensor(sensor.name, sensor.kind, (*self.size, sensor.shape[2]))

    def distorts(self, sensor: Sensor) -> bool:
        """Whether pictures of a sensor have another shape than they get."""
        size = self.size
        return size is not None and sensor.spatial and sensor.shape[0] * size[1] != sensor.shape[1] * size[0]

    def __call__(self, sensor: Sensor, value: NDArray[Any]) -> NDArray[Any]:
        """Return an image (H, W, C) or depth (H, W, 1) in the size asked for; all else as it is."""
        if self.size is None or not sensor.spatial or value.shape[:2] == self.size:
            return value
        box, (high, wide) = part((value.shape[0], value.shape[1]), self.size, self.fit)
        top, left = (self.size[0] - high) // 2, (self.size[1] - wide) // 2
        out = np.zeros((*self.size, value.shape[2]), value.dtype)
        for channel in range(value.shape[2]):  # one by one: Pillow would weigh a fourth as opacity
            out[top : top + high, left : left + wide, channel] = _resized(value[..., channel], box, (wide, high))
        return out


ASIS = Sizing()
"""What leaves pictures as they are."""


def part(given: Size, size: Size, fit: Fit) -> tuple[Box, Size]:
    """Return the part of a picture (height, width) that is shown, and which height and width it takes of ``size``."""
    (height, width), (high, wide) = given, size
    if fit == "squeeze":
        return (0, 0, width, height), size
    if fit == "pad":
        pixels = max(height / high, width / wide)
        return (0, 0, width, height), (max(1, round(height / pixels)), max(1, round(width / pixels)))
    pixels = min(height / high, width / wide)
    left, top = (width - wide * pixels) / 2, (height - high * pixels) / 2
    return (left, top, width - left, height - top), size


def _resized(flat: NDArray[Any], box: Box, size: Size) -> NDArray[Any]:
    from PIL import Image

    how = Image.Resampling.BOX if flat.dtype == np.uint8 else Image.Resampling.NEAREST
    return np.asarray(Image.fromarray(np.ascontiguousarray(flat)).resize(size, how, box=box))
